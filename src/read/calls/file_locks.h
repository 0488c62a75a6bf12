// SPDX-License-Identifier: Apache-2.0
//
// /proc/locks: the locks on files of all processes that can be seen from here, and who waits for them.
// A file is known there by device and inode.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace reader {

using snapshot::FileLockKind;

struct FileId {
    uint32_t major = 0;
    uint32_t minor = 0;
    uint64_t inode = 0;

    bool operator==(const FileId&) const = default;
};

struct FileLock {
    bool waits = false;  ///< somebody wants it
    FileLockKind kind = FileLockKind::kUnknown;
    bool exclusive = true;
    int64_t pid = 0;  ///< of the process that took it; -1: it belongs to an open file, no process
    FileId file;
    uint64_t start = 0;
    uint64_t end = UINT64_MAX;  ///< last byte

    bool operator==(const FileLock&) const = default;
};

/// A line of /proc/locks.
std::optional<FileLock> parse_file_lock(std::string_view line);
/// Capped.
std::vector<FileLock> parse_file_locks(std::string_view text);

/// Of `locks`, those held that `wanted` has to wait for.
std::vector<FileLock> in_the_way(const std::vector<FileLock>& locks, const FileLock& wanted);

/// Device of a mount, from the lines of /proc/PID/mountinfo; `id.inode` is left alone. False: no such mount.
bool find_device(std::string_view mountinfo, uint32_t mount, FileId& id);

}  // namespace reader
