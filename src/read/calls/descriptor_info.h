// SPDX-License-Identifier: Apache-2.0
//
// A file of /proc/PID/fdinfo: what the kernel tells of an open descriptor beyond its name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "read/calls/file_locks.h"

namespace reader {

struct Timer {
    double left_seconds = 0;  ///< 0: not armed
    double every_seconds = 0;
};

/// What an epoll descriptor watches.
struct Watched {
    int descriptor = -1;
    uint64_t inode = 0;  ///< 0: not told
};

struct DescriptorInfo {
    std::optional<uint64_t> position;
    std::optional<uint32_t> mount;
    std::optional<uint64_t> inode;
    std::optional<uint64_t> event_count;  ///< of an eventfd
    std::optional<uint64_t> signals;      ///< of a signalfd, signal n at bit n - 1
    std::optional<int64_t> process;       ///< of a pidfd; -1: it is gone
    std::optional<uint32_t> terminal;     ///< of a pty's master: the number of the other side
    std::optional<Timer> timer;
    std::vector<Watched> watched;  ///< the first ones
    size_t watches = 0;            ///< all of them; of inotify too
    std::vector<FileLock> locks;   ///< held through this descriptor
};

DescriptorInfo parse_descriptor_info(std::string_view text);

}  // namespace reader
