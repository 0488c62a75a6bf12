// SPDX-License-Identifier: Apache-2.0
//
// Waits on futexes: what a wrapper recorded of one, or the kernel says, in words.
#pragma once

#include <cstdint>
#include <string>

#include "read/kernel/proc.h"

namespace reader {

struct FutexCall {
    uint32_t operation = 0;  ///< with its flags; protocol::kFutexWaitv: futex_waitv
    uint32_t expected = 0;   ///< value of the futex; no meaning for locks
    uint32_t count = 1;      ///< how many futexes the call waits for; 0: not known
};

FutexCall recorded_futex_call(uint64_t detail);
/// `call`: one for which is_futex_wait is true.
FutexCall kernel_futex_call(const SystemCall& call);

/// A call that waits for a lock whose word says who has it: its owner's kernel id, as the kernel asks for.
bool is_owned_lock(const FutexCall& call);

/// A call of futex that waits; futex_waitv is another call.
bool is_futex_wait(const SystemCall& call);

/// "expects 2, in FUTEX_WAIT_BITSET", "in FUTEX_LOCK_PI", "expects 2, the first of 3, in futex_waitv".
std::string describe(const FutexCall& call);

}  // namespace reader
