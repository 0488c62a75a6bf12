// SPDX-License-Identifier: Apache-2.0
//
// What a thread waits for by libc's function that it is in and the futex that it waits on there: for
// processes whose waits nobody recorded. The places of futexes within locks are part of libc's ABI.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "read/kernel/proc.h"
#include "snapshot/snapshot.h"

namespace reader {

struct LibraryWait {
    snapshot::State state = snapshot::State::kUnknown;  ///< kUnknown: nothing more is known than the futex
    snapshot::LockKind kind = snapshot::LockKind::kUnknown;
    uint64_t address = 0;               ///< of the lock; 0: not known
    uint32_t joins_tid = 0;             ///< join: as the process numbers it
    std::string_view io_function = {};  ///< kIo: its threads do the transfers
};

/// libc's functions that wait, as it exports them.
std::span<const std::string_view> waiting_functions();

/// Both are of waiting_functions(), and wait for the same sort of thing.
bool wait_alike(std::string_view one, std::string_view other);

/// `call`: a wait on a futex; `function`: one of waiting_functions().
LibraryWait library_wait(const SystemCall& call, std::string_view function);

}  // namespace reader
