// SPDX-License-Identifier: Apache-2.0
//
// A profile as go tool pprof, Pyroscope, Parca and speedscope read it (profile.proto of
// github.com/google/pprof; the numbers below are its fields'). A sample is one kind of thread: how many,
// and how long they have waited. Addresses are those within their file, so that processes share frames.
#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>
#include <vector>

#include "render/document.h"
#include "render/gzip.h"
#include "render/last_looks.h"
#include "render/protobuf.h"
#include "render/render.h"
#include "render/stacks.h"
#include "render/waits.h"
#include "render/words.h"

namespace render {

namespace {

using snapshot::Frame;
using Frames = std::vector<Frame>;

struct Sample {
    Frames frames;  ///< innermost first
    std::vector<std::pair<std::string, std::string>> labels;
    uint64_t threads = 0;
    uint64_t waiting_nanoseconds = 0;
};

struct Look {
    std::vector<Sample> samples;
    double uptime_seconds = 0;
};

uint64_t nanoseconds(double seconds) {
    constexpr double kLongest = 9e9;  // what fits into 64 bits with a sign
    return std::isfinite(seconds) && seconds > 0 ? static_cast<uint64_t>(std::min(seconds, kLongest) * 1e9) : 0;
}

/// Gives each thing a number, from `first` on, in the order of first mention.
template <typename Key>
class Numbers {
public:
    explicit Numbers(uint64_t first) : next_(first) {}
    /// The number, and whether it is new.
    std::pair<uint64_t, bool> of(const Key& key) {
        const auto [entry, is_new] = numbers_.try_emplace(key, next_);
        if (is_new) ++next_;
        return {entry->second, is_new};
    }

private:
    uint64_t next_;
    std::map<Key, uint64_t> numbers_;
};

class Profile {
public:
    Profile() {
        string("");  // number 0, as the format demands
        add_value_type(1, "threads", "count");
        add_value_type(1, "waiting", "nanoseconds");
        profile_.add(14, string("threads"));
    }

    void add(const Sample& sample) {
        ProtobufMessage message;
        message.add_packed(1, locations(sample.frames));
        message.add_packed(2, {sample.threads, sample.waiting_nanoseconds});
        for (const auto& [key, value] : sample.labels) {
            ProtobufMessage label;
            label.add(1, string(key));
            label.add(2, string(value));
            message.add(3, label);
        }
        profile_.add(2, message);
    }

    std::string finish(int64_t time_nanoseconds, uint64_t duration_nanoseconds) {
        profile_.add(9, static_cast<uint64_t>(std::max<int64_t>(time_nanoseconds, 0)));
        profile_.add(10, duration_nanoseconds);
        for (const auto& [number, mapping] : mappings_by_number_) add_mapping(number, mapping);
        profile_.add_strings(6, strings_);
        return profile_.bytes();
    }

private:
    struct Mapping {
        std::string file;
        std::string build_id;
        uint64_t end = 0;
        bool has_functions = false;
        bool has_lines = false;
        bool has_inlines = false;
    };

    uint64_t string(const std::string& text) {
        const auto [number, is_new] = string_numbers_.of(text);
        if (is_new) strings_.push_back(text);
        return number;
    }

    void add_value_type(uint32_t field, const std::string& type, const std::string& unit) {
        ProtobufMessage message;
        message.add(1, string(type));
        message.add(2, string(unit));
        profile_.add(field, message);
    }

    /// Calls that were inlined belong to the place into which they were.
    std::vector<uint64_t> locations(const Frames& frames) {
        std::vector<uint64_t> numbers;
        for (size_t at = 0; at < frames.size();) {
            size_t last = at;
            while (last + 1 < frames.size() && frames[last].inlined) ++last;
            numbers.push_back(location(std::span(frames).subspan(at, last + 1 - at)));
            at = last + 1;
        }
        return numbers;
    }

    uint64_t location(std::span<const Frame> lines) {
        const Frame& outer = lines.back();
        ProtobufMessage rest;
        rest.add(2, mapping_of(lines));
        rest.add(3, outer.module.empty() ? outer.address : outer.offset);
        for (const Frame& frame : lines) {
            ProtobufMessage line;
            line.add(1, function(frame));
            line.add(2, static_cast<uint64_t>(std::max(frame.line, 0)));
            rest.add(4, line);
        }
        const auto [number, is_new] = locations_.of(rest.bytes());
        if (!is_new) return number;
        ProtobufMessage numbered;
        numbered.add(1, number);
        profile_.add(4, numbered.bytes() + rest.bytes());
        return number;
    }

    uint64_t mapping_of(std::span<const Frame> lines) {
        const Frame& outer = lines.back();
        if (outer.module.empty()) return 0;
        const uint64_t number = mappings_.of({outer.module, outer.build_id}).first;
        Mapping& mapping = mappings_by_number_[number];
        mapping.file = outer.module;
        mapping.build_id = outer.build_id;
        mapping.end = std::max(mapping.end, outer.offset + 1);
        mapping.has_inlines = mapping.has_inlines || lines.size() > 1;
        for (const Frame& frame : lines) {
            mapping.has_functions = mapping.has_functions || !frame.function.empty();
            mapping.has_lines = mapping.has_lines || frame.line > 0;
        }
        return number;
    }

    void add_mapping(uint64_t number, const Mapping& mapping) {
        ProtobufMessage message;
        message.add(1, number);
        message.add(3, mapping.end);
        message.add(5, string(printable(mapping.file)));
        message.add(6, string(printable(mapping.build_id)));
        message.add(7, mapping.has_functions ? 1U : 0U);
        message.add(8, mapping.has_lines ? 1U : 0U);
        message.add(9, mapping.has_lines ? 1U : 0U);
        message.add(10, mapping.has_inlines ? 1U : 0U);
        profile_.add(3, message);
    }

    uint64_t function(const Frame& frame) {
        const std::string name = frame_label(frame);
        const std::string file = printable(frame.file);
        const auto [number, is_new] = functions_.of({name, file});
        if (!is_new) return number;
        ProtobufMessage message;
        message.add(1, number);
        message.add(2, string(name));
        message.add(3, string(name));
        message.add(4, string(file));
        profile_.add(5, message);
        return number;
    }

    ProtobufMessage profile_;
    Numbers<std::string> string_numbers_{0};
    std::vector<std::string> strings_;
    Numbers<std::string> locations_{1};
    Numbers<std::pair<std::string, std::string>> functions_{1};
    Numbers<std::pair<std::string, std::string>> mappings_{1};
    std::map<uint64_t, Mapping> mappings_by_number_;
};

/// In the place of frames that nothing is known of.
Frame nameless(std::string words) {
    Frame frame;
    frame.function = std::move(words);
    return frame;
}

/// A thread that was never seen anywhere is somewhere.
Frames frames_of(const Stacks& stacks, const snapshot::Thread& thread) {
    const auto shown = stacks.shown(thread.stack == 0 ? thread.entry : thread.stack);
    Frames frames;
    for (const Frame& frame : shown) {
        if (frame.left_out_before != 0) frames.push_back(nameless(left_out_words(frame.left_out_before)));
        frames.push_back(frame);
    }
    if (frames.empty()) frames.push_back(nameless("(no stack recorded)"));
    return frames;
}

class Pprof : public LastLooks<Look> {
public:
    using LastLooks::LastLooks;

    std::string text() const override {
        Profile profile;
        double longest = 0;
        for (const auto& [process, look] : parts()) {
            for (const Sample& sample : look.samples) profile.add(sample);
            longest = std::max(longest, look.uptime_seconds);
        }
        return gzipped(profile.finish(facts().time_nanoseconds, nanoseconds(longest)));
    }

protected:
    Look look(const snapshot::Snapshot& snapshot, const analyze::Analysis&) const override {
        const Stacks stacks(snapshot, facts().full_stacks);
        std::map<std::tuple<uint32_t, uint32_t, std::string, std::string, std::string>, size_t> known;
        Look look;
        look.uptime_seconds = snapshot.process.uptime_seconds;
        for (const snapshot::Thread& thread : snapshot.threads) {
            if (thread.finished) continue;
            const std::string state = printable(snapshot::state_word(thread));
            const std::string name = printable(thread.name);
            const bool has_object = thread.wait && (thread.wait->object.address != 0 || thread.wait->joins);
            const std::string lock = has_object ? awaited_words(*thread.wait) : "";
            const auto [entry, is_new] = known.try_emplace(
                {stacks.look(thread.stack), thread.stack == 0 ? stacks.look(thread.entry) : 0, state, name, lock},
                look.samples.size());
            if (is_new) look.samples.push_back({frames_of(stacks, thread), labels(snapshot, state, name, lock)});
            Sample& sample = look.samples[entry->second];
            ++sample.threads;
            const bool waits = thread.state != snapshot::State::kRunning && thread.state != snapshot::State::kSpinning;
            if (waits) sample.waiting_nanoseconds += nanoseconds(thread.for_seconds.value_or(0));
        }
        return look;
    }

private:
    static std::vector<std::pair<std::string, std::string>> labels(const snapshot::Snapshot& snapshot,
                                                                   const std::string& state, const std::string& name,
                                                                   const std::string& lock) {
        std::vector<std::pair<std::string, std::string>> labels = {{"state", state}};
        if (!name.empty()) labels.emplace_back("thread", name);
        if (!lock.empty()) labels.emplace_back("lock", lock);
        labels.emplace_back("process", program_name(snapshot.process));
        labels.emplace_back("pid", std::to_string(snapshot.process.pid));
        return labels;
    }
};

}  // namespace

std::unique_ptr<Document> pprof(const RunFacts& facts) {
    return std::make_unique<Pprof>(facts);
}

}  // namespace render
