// SPDX-License-Identifier: Apache-2.0
//
// System calls without libc: nothing interposed is reached, and errno stays as it is but in libc_answer.
// Each returns the kernel's value: -errno on failure.
//
// Those of our own are asked here, in the one place that all of them come through, whether they may be made: so each
// has to bear that it fails, at any time.
#pragma once

#include <errno.h>
#include <sys/syscall.h>

#include <cstdint>

#include "preload/process/restriction.h"

namespace preload {

#if !defined(__x86_64__)
#error "loiter supports x86-64 only: the unwinder and the system call stubs are written for it"
#endif

/// One that the program makes itself, through us: whether it may is the program's matter.
inline long forwarded_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/// One of our own: not made, but refused, where the program has given up system calls.
inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    return is_restricted() ? -ENOSYS : forwarded_syscall(number, a, b, c, d, e, f);
}

/// As libc gives a kernel's answer to its caller.
inline long libc_answer(long result) {
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
}

template <typename Pointer>
inline long as_argument(Pointer* pointer) {
    return static_cast<long>(reinterpret_cast<uintptr_t>(pointer));
}

}  // namespace preload
