// SPDX-License-Identifier: Apache-2.0
//
// prctl: seccomp, the time stamp counter, and the name of the calling thread.
#include <stdarg.h>
#include <sys/prctl.h>

#include "preload/process/clock.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/threads/this_thread.h"
#include "preload/threads/thread_slots.h"

namespace preload {

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
    const auto& [a, b, c, d] = words;
    if (option == PR_SET_TSC && a == PR_TSC_SIGSEGV) bar_counter();
    const long result = option == PR_SET_SECCOMP ? give_up_system_calls(SYS_prctl, option, a, b, c, d)
                                                 : forwarded_syscall(SYS_prctl, option, a, b, c, d);
    if (option == PR_SET_NAME && result == 0) {
        protocol::ThreadRecord* const self = this_thread();
        if (self != nullptr && is_really(self)) set_name(self, reinterpret_cast<const char*>(a));
    }
    return static_cast<int>(libc_answer(result));
}

}  // namespace preload
