// SPDX-License-Identifier: Apache-2.0
//
// System V message queues and semaphore sets: their keys, and what is asked of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "read/kernel/proc.h"
#include "snapshot/snapshot.h"

namespace reader {

/// The key of `id` in a table of /proc/sysvipc.
std::optional<uint32_t> parse_key(std::string_view table, int64_t id);

/// "message queue 3 (key 0x1234)"; only where the process has the reader's IPC namespace with a key.
std::string message_queue_words(uint32_t pid, int64_t id);
std::string semaphore_set_words(uint32_t pid, int64_t id);

/// The process that changed last the semaphore which the call would take from, and that has nothing left; empty: not
/// known, or the process itself.
std::optional<snapshot::ProcessOwner> last_taker(uint32_t pid, const SystemCall& call);

/// "semaphore 0 by -1, semaphore 1 by -1"; empty: the target's memory cannot be read.
std::string semaphore_operations(uint32_t pid, const SystemCall& call);

}  // namespace reader
