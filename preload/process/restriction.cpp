// SPDX-License-Identifier: Apache-2.0
#include "preload/process/restriction.h"

#include "preload/raw_syscall.h"
#include "preload/threads/this_thread.h"

namespace preload {

constinit std::atomic<bool> restricted{false};

/// Noted before the call, as the next one of ours may be one too many, and taken back where it fails.
long give_up_system_calls(long number, long a, long b, long c, long d, long e) {
    // A child of vfork borrows our memory, not our filters.
    const protocol::ThreadRecord* const self = this_thread();
    if (self == nullptr || !is_really(self)) return forwarded_syscall(number, a, b, c, d, e);
    const bool before = restricted.exchange(true, std::memory_order_relaxed);
    const long result = forwarded_syscall(number, a, b, c, d, e);
    if (result < 0) restricted.store(before, std::memory_order_relaxed);
    return result;
}

/// syscall(SYS_seccomp, operation, flags, arguments): the first two operations install something.
extern "C" __attribute__((visibility("hidden"))) long loiter_seccomp_call(long number, long operation, long flags,
                                                                          long arguments) {
    return libc_answer(operation <= 1 ? give_up_system_calls(number, operation, flags, arguments)
                                      : forwarded_syscall(number, operation, flags, arguments));
}

}  // namespace preload
