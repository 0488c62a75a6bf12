// SPDX-License-Identifier: Apache-2.0
#include "analyze/wait_meaning.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "analyze/frames.h"
#include "analyze/function_name.h"
#include "analyze/pattern.h"

namespace analyze {

namespace {

using snapshot::Frame;
using snapshot::State;
using snapshot::Thread;
using std::string_view;

struct Meaning {
    State state;
    string_view built_on;
    string_view function;
    string_view word;
    string_view kind;
    bool is_rechecked;
};

using enum State;

constexpr Meaning kMeanings[] = {
#define WAIT(state, built_on, function, word, kind) Meaning{state, built_on, function, word, kind, false},
#define RECHECKED(state, built_on, function, word, kind) Meaning{state, built_on, function, word, kind, true},
#include "analyze/wait_meanings.inc"
#undef WAIT
#undef RECHECKED
};

bool is_of_module(const Meaning& row) {
    return row.function.starts_with('[');
}

/// What is asked of one function.
struct Names {
    Names(const std::string& function, string_view module_path)
        : whole(without_return_type(function)),
          qualified(qualified_name(function)),
          module("[" + std::string(base_name(module_path)) + "]") {}

    bool has(string_view pattern) const {
        const bool wants_arguments = pattern.find('<') != string_view::npos;
        return wants_arguments ? matches(whole, pattern) : matches(qualified, pattern);
    }

    string_view whole;
    std::string qualified;
    std::string module;
};

class MeaningSearch {
public:
    explicit MeaningSearch(State state) : state_(state) {}

    void ask(const std::string& function, string_view module) {
        const Names names(function, module);
        for (const Meaning& row : kMeanings) {
            if (row.state != state_) continue;
            if (is_of_module(row)) {
                if (by_module_ == nullptr && matches(names.module, row.function)) by_module_ = &row;
            } else if (replaces(row) && names.has(row.function)) {
                found_ = &row;
                return;
            }
        }
    }

    const Meaning* result() const { return found_ != nullptr ? found_ : by_module_; }

private:
    /// A row that builds on another also counts alone: calls between them may have been inlined.
    bool replaces(const Meaning& row) const {
        return found_ == nullptr || (!row.built_on.empty() && row.built_on == found_->word);
    }

    State state_;
    const Meaning* found_ = nullptr;
    const Meaning* by_module_ = nullptr;
};

const Meaning* meaning_of(State state, const snapshot::Stack& stack) {
    MeaningSearch search(state);
    for (const Frame& frame : stack.frames) {
        // They stand before all native ones, whichever of those they called.
        if (frame.language == snapshot::Language::kPython) continue;
        if (!frame.calls.empty()) search.ask(frame.calls, {});
        if (origin_of(frame) == Origin::kProgram) break;
        search.ask(frame.function, frame.module);
    }
    return search.result();
}

bool has_meanings(const Thread& thread) {
    return !thread.finished && std::any_of(std::begin(kMeanings), std::end(kMeanings),
                                           [&](const Meaning& row) { return row.state == thread.state; });
}

/// The wait is as long as the program's is; how long that has been, only its latest part tells.
void forget_bound(Thread& thread) {
    if (!thread.timed) return;
    thread.timed = false;
    thread.left_seconds.reset();
    thread.timeout_seconds.reset();
    thread.for_is_lower_bound = thread.for_seconds.has_value();
}

/// What the value that is waited on says, where the library gives its bits a meaning; "": nothing is known.
/// https://github.com/rust-lang/rust/blob/master/library/std/src/sys/sync/rwlock/futex.rs
std::string value_words(string_view word, uint32_t value) {
    constexpr uint32_t kReaders = (1U << 30) - 1;
    constexpr uint32_t kReadersWait = 1U << 30;
    constexpr uint32_t kWritersWait = 1U << 31;
    if (word != "rust rwlock read") return {};
    const uint32_t readers = value & kReaders;
    std::string words = readers == kReaders ? "locked by a writer"
                        : readers == 0      ? "not locked"
                                       : "locked by " + std::to_string(readers) + " reader" + (readers == 1 ? "" : "s");
    if ((value & kReadersWait) != 0) words += ", readers wait";
    if ((value & kWritersWait) != 0) words += ", writers wait";
    return words;
}

/// OpenMP's runtimes wait on counts of generations and states of their own, which mean nothing to a program.
bool hides_value(string_view word) {
    return word.starts_with("omp ");
}

void tell_value(string_view word, snapshot::Wait& wait) {
    if (hides_value(word)) return wait.detail.clear();
    const std::string words = wait.expected ? value_words(word, *wait.expected) : std::string();
    if (!words.empty()) wait.detail += (wait.detail.empty() ? "" : ": ") + words;
}

/// libstdc++ waits on the count of a latch itself; others do not.
bool counts_down(const Meaning& meaning) {
    return meaning.state == kFutex && meaning.function.find("std::latch::") != string_view::npos;
}

/// Words that libstdc++ shares among all atomics that are no futexes themselves.
bool is_of_shared_word(const snapshot::Object& object) {
    return object.name.starts_with("std::__detail::__waiter_pool_base::");
}

size_t count_calls(const snapshot::Stack& stack, string_view pattern) {
    return static_cast<size_t>(std::count_if(stack.frames.begin(), stack.frames.end(), [pattern](const Frame& frame) {
        return matches(qualified_name(frame.function), pattern);
    }));
}

/// Of one scope the waiter is in, every thread that it has spawned through a scope and that has not ended
/// belongs to it. In scopes within scopes, which of them is not known.
std::vector<uint32_t> scoped_threads(const snapshot::Snapshot& snapshot, const Thread& waiter) {
    std::vector<uint32_t> members;
    if (count_calls(snapshot.stacks.at(waiter.stack), "std::thread::scoped::scope") != 1) return members;
    for (const Thread& thread : snapshot.threads) {
        const bool may_be = thread.created_by == waiter.id && !thread.finished && !thread.exiting && thread.wait;
        if (may_be && count_calls(snapshot.stacks.at(thread.created_stack), "std::thread::scoped::*spawn*") > 0)
            members.push_back(thread.id);
    }
    return members;
}

}  // namespace

void name_waits(snapshot::Snapshot& snapshot) {
    std::map<std::pair<State, snapshot::StackIndex>, const Meaning*> known;
    for (Thread& thread : snapshot.threads) {
        if (!has_meanings(thread)) continue;
        const auto [entry, is_new] = known.try_emplace({thread.state, thread.stack}, nullptr);
        if (is_new) entry->second = meaning_of(thread.state, snapshot.stacks.at(thread.stack));
        if (entry->second == nullptr) continue;
        const Meaning& meaning = *entry->second;
        thread.meaning = meaning.word;
        if (meaning.is_rechecked) forget_bound(thread);
        if (!thread.wait) continue;
        thread.wait->object.noun = meaning.kind;
        thread.wait->counts_down = counts_down(meaning);
        tell_value(meaning.word, *thread.wait);
        if (is_of_shared_word(thread.wait->object)) thread.wait->object.name.clear();
        if (meaning.kind == "scope") thread.wait->members = scoped_threads(snapshot, thread);
    }
}

}  // namespace analyze
