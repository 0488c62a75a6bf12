// SPDX-License-Identifier: Apache-2.0
//
// What a thread is in by the system call it is in: for threads that no wrapper sees. x86-64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/layout.h"
#include "read/kernel/proc.h"
#include "snapshot/snapshot.h"

namespace reader {

struct KernelWait {
    snapshot::State state = snapshot::State::kRunning;
    bool timed = false;
    std::string io_function;        ///< kIo: the libc function
    uint64_t futex = 0;             ///< kFutex: its address
    std::optional<int> descriptor;  ///< kIo, kFileLock: what the call works on
};

KernelWait kernel_wait(const SystemCall& call);

/// Address of the futex that the call waits on; 0: it is no such call.
uint64_t awaited_futex(const SystemCall& call);

/// An untimed wait on a futex; `private_only`: on one that no other process can wake.
bool is_untimed_futex_wait(const SystemCall& call, bool private_only);

/// False: a thread in this system call cannot be in a wait of this kind for `object`.
bool agrees(const SystemCall& call, protocol::WaitKind kind, uint64_t object);

}  // namespace reader
