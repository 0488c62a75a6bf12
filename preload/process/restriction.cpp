// SPDX-License-Identifier: Apache-2.0
#include "preload/process/restriction.h"

#include "preload/process/foreign_runtime.h"
#include "preload/raw_syscall.h"
#include "preload/threads/this_thread.h"
#include "preload/threads/thread_id.h"

namespace preload {

constinit std::atomic<uint32_t> restrictions{0};

namespace {

/// A child of vfork borrows our memory, not our filters. A thread without a record (it is being adopted, one too many,
/// or at its end) is told from one by what libc has noted of it.
bool is_of_this_process() {
    const protocol::ThreadRecord* const self = this_thread();
    if (self != nullptr) return is_really(self);
    return !stays_out && thread_id() == noted_thread_id();
}

}  // namespace

/// Noted before the call, as the next one of ours may be one too many, and taken back where it fails.
long give_up_system_calls(long number, long a, long b, long c, long d, long e) {
    if (!is_of_this_process()) return forwarded_syscall(number, a, b, c, d, e);
    restrictions.fetch_add(1, std::memory_order_relaxed);
    const long result = forwarded_syscall(number, a, b, c, d, e);
    if (result < 0) restrictions.fetch_sub(1, std::memory_order_relaxed);
    return result;
}

/// syscall(SYS_seccomp, operation, flags, arguments): the first two operations install something.
extern "C" __attribute__((visibility("hidden"))) long loiter_seccomp_call(long number, long operation, long flags,
                                                                          long arguments) {
    const bool installs = static_cast<uint32_t>(operation) <= 1;
    return libc_answer(installs ? give_up_system_calls(number, operation, flags, arguments)
                                : forwarded_syscall(number, operation, flags, arguments));
}

}  // namespace preload
