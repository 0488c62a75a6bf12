// SPDX-License-Identifier: Apache-2.0
//
// Deadlines of observed programs: absolute times, as the functions that take them want.
#pragma once

#include <time.h>

/// `nanoseconds` from now, less than a second.
inline timespec time_from_now(clockid_t clock, long nanoseconds) {
    timespec time{};
    clock_gettime(clock, &time);
    time.tv_nsec += nanoseconds;
    if (time.tv_nsec >= 1'000'000'000) {
        time.tv_nsec -= 1'000'000'000;
        ++time.tv_sec;
    }
    return time;
}
