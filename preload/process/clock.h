// SPDX-License-Identifier: Apache-2.0
//
// What time it is. Runs inside every wrapper: no system call, but where the kernel offers the clocks in no
// other way.
#pragma once

#include <time.h>

#include <cstdint>

#include "preload/ours.h"
#include "preload/process/restriction.h"

namespace preload {

namespace detail {
using ReadClock = int (*)(clockid_t clock, timespec* time);
/// The kernel's own clock_gettime, which libc's calls; libc's until find_clock.
OURS extern ReadClock read_clock;
OURS extern std::atomic<bool> counter_is_barred;
}  // namespace detail

/// Looks for the kernel's function in what it maps into every process. Call once, early.
void find_clock();

namespace detail {
inline uint64_t read(clockid_t clock) {
    timespec now;  // not set to zero: what fails here has failed for the program as well
    read_clock(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}
}  // namespace detail

/// CLOCK_MONOTONIC at tick resolution. Without libc's function around the kernel's it takes 2 ns instead of 4, and is
/// one call deep: a program that locks at depth 15 needs all that a CPU remembers of where calls return to.
inline uint64_t now_coarse_ns() {
    return detail::read(CLOCK_MONOTONIC_COARSE);
}

/// The program has given up the time stamp counter, or is about to: reading it would be the end.
inline bool is_counter_barred() {
    return is_restricted() || detail::counter_is_barred.load(std::memory_order_relaxed);
}

/// For good, in all threads.
inline void bar_counter() {
    detail::counter_is_barred.store(true, std::memory_order_relaxed);
}

/// CLOCK_MONOTONIC, precise: about 20 ns. Strict seccomp takes the time stamp counter away too.
inline uint64_t now_ns() {
    return detail::read(is_counter_barred() ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC);
}

/// CLOCK_REALTIME, in the same way.
inline uint64_t realtime_ns() {
    return detail::read(is_counter_barred() ? CLOCK_REALTIME_COARSE : CLOCK_REALTIME);
}

}  // namespace preload
