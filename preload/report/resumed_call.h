// SPDX-License-Identifier: Apache-2.0
//
// A system call that goes on with other arguments than the program gave, by resumed_call.S: in the
// interrupted thread, after the handler has returned. Registers are the program's own again when it
// is done, but for RCX and R11, which every system call changes, and the flags.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

namespace preload {

/// What RSP points at while the call runs.
struct ResumedCall {
    int64_t rdi, rsi, rdx, r10, r8, r9;  ///< the program's
    int64_t rip, rsp;
    timespec time;         ///< what is left, where the call wants it in memory
    uint64_t deadline_ns;  ///< CLOCK_MONOTONIC; 0: the arguments stay as they are
    int64_t number;
    uint64_t restarts;  ///< a handler with SA_RESTART lets it go on
    int64_t moved;      ///< bytes that the call had transferred when it was interrupted
};
static_assert(offsetof(ResumedCall, rip) == 48 && offsetof(ResumedCall, rsp) == 56, "resumed_call.S knows");
static_assert(offsetof(ResumedCall, restarts) == 96 && offsetof(ResumedCall, moved) == 104, "resumed_call.S knows");

}  // namespace preload

extern "C" {
/// Where the kernel makes handlers of ours, and of the program, return to; the last for SA_RESTART.
__attribute__((visibility("hidden"))) void loiter_signal_restorer();
__attribute__((visibility("hidden"))) void loiter_program_restorer();
__attribute__((visibility("hidden"))) void loiter_restarting_restorer();
/// At the system call, and right behind it.
__attribute__((visibility("hidden"))) extern const char loiter_resumed_call[];
__attribute__((visibility("hidden"))) extern const char loiter_resumed_call_return[];
}
