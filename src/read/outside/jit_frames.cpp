// SPDX-License-Identifier: Apache-2.0
#include "read/outside/jit_frames.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "read/kernel/mappings.h"
#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kMaxMapBytes = size_t{64} << 20;
constexpr size_t kMaxFunctions = size_t{1} << 20;
constexpr size_t kMaxNameBytes = 1000;

struct Range {
    uint64_t start = 0;
    uint64_t end = 0;
};

std::optional<uint64_t> take_number(std::string_view& line) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number, 16);
    if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return std::nullopt;
    line.remove_prefix(static_cast<size_t>(end - line.data()) + 1);
    return number;
}

std::vector<Range> code_without_file(uint32_t pid) {
    std::vector<Range> ranges;
    visit_mappings(pid, [&](const Mapping& mapping) {
        const bool has_no_file = mapping.inode == 0 && (mapping.path.empty() || mapping.path.starts_with("[anon:"));
        if (mapping.executable && has_no_file) ranges.push_back({mapping.start, mapping.end});
        return true;
    });
    return ranges;
}

/// Anybody may put a file into /tmp: only the target's own user is believed.
std::string perf_map_of(uint32_t pid, const std::string& root) {
    const uint32_t own_pid = innermost_pid(pid, pid);
    const std::string path = root + "/tmp/perf-" + std::to_string(own_pid == 0 ? pid : own_pid) + ".map";
    struct stat file {};
    struct stat process {};
    if (lstat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) return {};
    if (stat(proc_path(pid, "").c_str(), &process) != 0 || file.st_uid != process.st_uid) return {};
    return read_small_file(path, kMaxMapBytes);
}

uint64_t instruction_of(const snapshot::Frame& frame) {
    return frame.is_return_address && frame.address > 0 ? frame.address - 1 : frame.address;
}

bool is_nowhere(const snapshot::Frame& frame) {
    return frame.language == snapshot::Language::kNative && frame.module.empty();
}

}  // namespace

PerfMap::PerfMap(std::string_view text) : text_(text) {
    std::string_view rest = text_;
    while (!rest.empty() && entries_.size() < kMaxFunctions) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        const std::optional<uint64_t> start = take_number(line);
        const std::optional<uint64_t> size = start ? take_number(line) : std::nullopt;
        if (size && !line.empty()) entries_.push_back({*start, *size, line.substr(0, kMaxNameBytes)});
    }
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const Entry& one, const Entry& other) { return one.start < other.start; });
}

std::string PerfMap::name_at(uint64_t address) const {
    const auto after = std::upper_bound(entries_.begin(), entries_.end(), address,
                                        [](uint64_t wanted, const Entry& entry) { return wanted < entry.start; });
    if (after == entries_.begin()) return {};
    const Entry& entry = *std::prev(after);
    return address - entry.start < entry.size ? std::string(entry.name) : "";
}

void mark_jit_frames(uint32_t pid, const std::string& root, std::vector<snapshot::Stack>& stacks) {
    std::optional<std::vector<Range>> code;
    std::optional<PerfMap> names;
    for (snapshot::Stack& stack : stacks) {
        for (snapshot::Frame& frame : stack.frames) {
            if (!is_nowhere(frame)) continue;
            if (!code) code = code_without_file(pid);
            const uint64_t address = instruction_of(frame);
            const bool is_in_code = std::any_of(code->begin(), code->end(), [&](const Range& range) {
                return address >= range.start && address < range.end;
            });
            if (!is_in_code) continue;
            if (!names) names.emplace(perf_map_of(pid, root));
            const std::string name = names->name_at(address);
            frame.language = snapshot::Language::kJit;
            frame.function = name.empty() ? "[jit]" : name + " [jit]";
        }
    }
}

}  // namespace reader
