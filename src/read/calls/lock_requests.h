// SPDX-License-Identifier: Apache-2.0
//
// Which lock on which descriptor a call asks for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "read/calls/file_locks.h"
#include "read/kernel/proc.h"

namespace reader {

struct LockRequest {
    int descriptor = -1;
    FileLock lock;  ///< kind, mode and range; the whole file where the range is not known
};

/// Of flock or fcntl. `position`: where in the file the descriptor stands, which lockf counts from.
LockRequest request_of(uint32_t pid, const SystemCall& call, std::optional<uint64_t> position);
/// As protocol::file_lock_detail put it.
LockRequest recorded_request(uint64_t detail);

/// ", exclusive flock"; ", shared lock of the process, bytes 0 to 99"
std::string request_words(const FileLock& lock);

/// protocol::Wait::detail of a wait for a child: it is a descriptor of the child, no pid.
bool is_child_descriptor(uint64_t detail);

}  // namespace reader
