// SPDX-License-Identifier: Apache-2.0
//
// Signal actions as the kernel has them, past libc: with their restorers, and for every signal.
#pragma once

#include <signal.h>

#include <cstdint>

#include "preload/raw_syscall.h"

namespace preload {

inline constexpr int kMostSignals = 64;
inline constexpr uint64_t kRestorerFlag = 0x04000000;

/// The kernel's struct sigaction. All zero: the default action.
struct KernelAction {
    uintptr_t handler;
    uint64_t flags;
    uintptr_t restorer;
    uint64_t mask;
};

/// Either may be null. Returns 0 or -errno.
inline long change_kernel_action(int signal, const KernelAction* action, KernelAction* before) {
    return raw_syscall(SYS_rt_sigaction, signal, as_argument(action), as_argument(before), sizeof(action->mask));
}

/// In a handler: the signal does what it would without one. In a process that has given up system calls meanwhile as
/// well: the program ends here, and would fail at the same place for ever if it did not.
inline void act_by_default(int signal) {
    const KernelAction by_default{};
    const uint64_t only = uint64_t{1} << (signal - 1);
    forwarded_syscall(SYS_rt_sigaction, signal, as_argument(&by_default), 0, sizeof(by_default.mask));
    forwarded_syscall(SYS_tgkill, forwarded_syscall(SYS_getpid), forwarded_syscall(SYS_gettid), signal);
    forwarded_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, as_argument(&only), 0, sizeof(only));
}

}  // namespace preload
