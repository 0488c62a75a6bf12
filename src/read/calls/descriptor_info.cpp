// SPDX-License-Identifier: Apache-2.0
#include "read/calls/descriptor_info.h"

#include <algorithm>

#include "read/calls/words.h"

namespace reader {

namespace {

constexpr size_t kKeptWatches = 64;
constexpr size_t kKeptLocks = 64;
constexpr double kNanosecond = 1e-9;

template <typename Number>
void take(std::string_view value, std::optional<Number>& to, int base = 10) {
    if (const std::optional<Number> number = number_in<Number>(value, base)) to = number;
}

/// "(12, 500000000)": seconds and nanoseconds.
double seconds_in(std::string_view pair) {
    const size_t comma = pair.find(',');
    if (!pair.starts_with('(') || !pair.ends_with(')') || comma == std::string_view::npos) return 0;
    std::string_view rest = pair.substr(comma + 1, pair.size() - comma - 2);
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const auto whole = number_in<uint64_t>(pair.substr(1, comma - 1));
    const auto part = number_in<uint64_t>(rest);
    return whole && part ? static_cast<double>(*whole) + static_cast<double>(*part) * kNanosecond : 0;
}

/// "tfd:        5 events:       19 data:                5  pos:0 ino:9f1 sdev:e"
void take_watched(std::string_view line, DescriptorInfo& info) {
    const std::vector<std::string_view> fields = fields_of(line, 10);
    const auto descriptor = fields.size() < 2 ? std::nullopt : number_in<int>(fields[1]);
    if (!descriptor) return;
    ++info.watches;
    if (info.watched.size() == kKeptWatches) return;
    Watched watched{*descriptor, 0};
    for (const std::string_view field : fields) {
        if (field.starts_with("ino:")) watched.inode = number_in<uint64_t>(field.substr(4), 16).value_or(0);
    }
    info.watched.push_back(watched);
}

void take_pair(std::string_view key, std::string_view value, DescriptorInfo& info) {
    if (key == "pos") {
        take(value, info.position);
    } else if (key == "mnt_id") {
        take(value, info.mount);
    } else if (key == "ino") {
        take(value, info.inode);
    } else if (key == "eventfd-count") {
        take(value, info.event_count, 16);
    } else if (key == "sigmask") {
        take(value, info.signals, 16);
    } else if (key == "Pid") {
        take(value, info.process);
    } else if (key == "tty-index") {
        take(value, info.terminal);
    } else if (key == "it_value") {
        if (!info.timer) info.timer.emplace();
        info.timer->left_seconds = seconds_in(value);
    } else if (key == "it_interval") {
        if (!info.timer) info.timer.emplace();
        info.timer->every_seconds = seconds_in(value);
    } else if (key == "lock" && info.locks.size() < kKeptLocks) {
        if (std::optional<FileLock> lock = parse_file_lock(value)) info.locks.push_back(std::move(*lock));
    }
}

}  // namespace

DescriptorInfo parse_descriptor_info(std::string_view text) {
    DescriptorInfo info;
    std::string_view line;
    while (take_line(text, line)) {
        if (line.starts_with("tfd:")) {
            take_watched(line, info);
        } else if (line.starts_with("inotify ")) {
            ++info.watches;
        } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
            std::string_view value = line.substr(colon + 1);
            value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
            take_pair(line.substr(0, colon), value, info);
        }
    }
    // The kernel's own order changes from run to run.
    std::sort(info.watched.begin(), info.watched.end(),
              [](const Watched& a, const Watched& b) { return a.descriptor < b.descriptor; });
    return info;
}

}  // namespace reader
