// SPDX-License-Identifier: Apache-2.0
//
// Which processes hold the locks on a file that a thread waits for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "read/calls/descriptors.h"
#include "read/calls/file_locks.h"
#include "read/calls/open_files.h"
#include "snapshot/snapshot.h"

namespace reader {

class LockOwners {
public:
    /// All outlive it.
    LockOwners(uint32_t pid, Descriptors& descriptors, OpenFiles& open_files);

    /// Of the file open as `descriptor`; of `wanted`, the file and the pid are filled in here. `waiter`:
    /// number of the thread that waits.
    std::vector<snapshot::ProcessOwner> of(uint32_t tid, int descriptor, FileLock wanted, uint32_t waiter);

private:
    bool identify(uint32_t tid, int descriptor, FileId& file);
    void add_holders(const std::string& link, const FileLock& held, std::vector<snapshot::ProcessOwner>& owners);

    uint32_t pid_;
    Descriptors& descriptors_;
    OpenFiles& open_files_;
    std::optional<std::string> mounts_;           ///< /proc/PID/mountinfo
    std::optional<std::vector<FileLock>> locks_;  ///< /proc/locks
};

}  // namespace reader
