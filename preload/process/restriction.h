// SPDX-License-Identifier: Apache-2.0
//
// A program that has given up system calls (seccomp) may be killed for one of ours: from then on there
// are none but those that it makes itself, see raw_syscall. Filters that were there at our start (a container's) let
// programs start others and are no obstacle; which calls they forbid nothing tells.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/ours.h"

namespace preload {

/// Filters that the program has installed, or is about to.
OURS extern std::atomic<uint32_t> restrictions;

/// The program has installed a seccomp filter: no growing, no report, nobody called at the end.
inline bool is_restricted() {
    return __builtin_expect(restrictions.load(std::memory_order_relaxed) != 0, 0);
}

/// Makes the system call by which the program installs a filter. As forwarded_syscall.
long give_up_system_calls(long number, long a, long b = 0, long c = 0, long d = 0, long e = 0);

}  // namespace preload
