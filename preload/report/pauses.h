// SPDX-License-Identifier: Apache-2.0
//
// Bounded waiting of our own, at the end of the process: no futex, no descriptor.
#pragma once

#include <time.h>

#include <cstdint>

#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"

namespace preload {

inline constexpr uint64_t kMillisecond = 1'000'000;

inline void pause_for(uint64_t nanoseconds) {
    const timespec duration{static_cast<time_t>(nanoseconds / 1'000'000'000),
                            static_cast<long>(nanoseconds % 1'000'000'000)};
    raw_syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, as_argument(&duration), 0);
}

/// Polls with growing steps until `done` or the time is over. Returns what `done` said last.
template <typename Condition>
bool wait_until(uint64_t deadline_ns, Condition done) {
    for (uint64_t step = kMillisecond / 4; !done(); step = step * 3 / 2) {
        const uint64_t now = now_ns();
        if (now >= deadline_ns) return false;
        constexpr uint64_t kMost = 20 * kMillisecond;
        const uint64_t wanted = step < kMost ? step : kMost;
        pause_for(wanted < deadline_ns - now ? wanted : deadline_ns - now);
    }
    return true;
}

}  // namespace preload
