// SPDX-License-Identifier: Apache-2.0
//
// prctl: seccomp, and the name of the calling thread.
#include "preload/restriction.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/this_thread.h"
#include "preload/thread_slots.h"

namespace preload {

constinit std::atomic<bool> restricted{false};

namespace {

/// The program gives up system calls: noted before the call, as the next one of ours may be one too
/// many, and taken back where it fails.
template <typename Call>
long restrict(Call call) {
    // A child of vfork borrows our memory, not our filters.
    const protocol::ThreadRecord* const self = this_thread();
    if (self == nullptr || !is_really(self)) return call();
    const bool before = restricted.exchange(true, std::memory_order_relaxed);
    const long result = call();
    if (result < 0) restricted.store(before, std::memory_order_relaxed);
    return result;
}

/// As libc gives a kernel's answer to its caller.
long answer(long result) {
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
}

}  // namespace

/// syscall(SYS_seccomp, operation, flags, arguments): the first two operations install something.
extern "C" __attribute__((visibility("hidden"))) long loiter_seccomp_call(long number, long operation, long flags,
                                                                          long arguments) {
    const auto call = [=] { return raw_syscall(number, operation, flags, arguments); };
    return answer(operation <= 1 ? restrict(call) : call());
}

/// syscall(SYS_prctl, ...)
extern "C" __attribute__((visibility("hidden"))) long loiter_prctl_call(long, long option, long a, long b, long c,
                                                                        long d) {
    return prctl(static_cast<int>(option), a, b, c, d);
}

/// As libc's own: always five words to the kernel.
extern "C" EXPORTED int prctl(int option, ...) noexcept {
    va_list list;
    va_start(list, option);
    long words[4];
    for (long& word : words) word = va_arg(list, long);
    va_end(list);
    const auto call = [&] { return raw_syscall(SYS_prctl, option, words[0], words[1], words[2], words[3]); };
    if (option == PR_SET_SECCOMP) return static_cast<int>(answer(restrict(call)));
    const long result = call();
    if (option == PR_SET_NAME && result == 0) {
        protocol::ThreadRecord* const self = this_thread();
        if (self != nullptr && is_really(self)) {
            set_name(self, reinterpret_cast<const char*>(words[0]));
        }
    }
    return static_cast<int>(answer(result));
}

}  // namespace preload
