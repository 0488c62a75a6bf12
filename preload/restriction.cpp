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

/// As libc's own: always five words to the kernel.
extern "C" EXPORTED int prctl(int option, ...) noexcept {
    va_list list;
    va_start(list, option);
    long words[4];
    for (long& word : words) word = va_arg(list, long);
    va_end(list);
    protocol::ThreadRecord* const self = option == PR_SET_SECCOMP || option == PR_SET_NAME ? this_thread() : nullptr;
    // Before the call: the next system call may be one too many.
    const bool before = restricted.load(std::memory_order_relaxed);
    if (option == PR_SET_SECCOMP) restricted.store(true, std::memory_order_relaxed);
    const long result = raw_syscall(SYS_prctl, option, words[0], words[1], words[2], words[3]);
    if (result < 0) {
        if (option == PR_SET_SECCOMP) restricted.store(before, std::memory_order_relaxed);
        errno = static_cast<int>(-result);
        return -1;
    }
    if (option == PR_SET_NAME && self != nullptr) set_name(self, reinterpret_cast<const char*>(words[0]));
    return static_cast<int>(result);
}

}  // namespace preload
