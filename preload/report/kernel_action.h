// SPDX-License-Identifier: Apache-2.0
//
// Signal actions as the kernel has them, past libc: with their restorers, and for every signal.
#pragma once

#include <cstdint>

#include "preload/raw_syscall.h"

namespace preload {

inline constexpr int kMostSignals = 64;

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

}  // namespace preload
