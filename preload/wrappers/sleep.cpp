// SPDX-License-Identifier: Apache-2.0
//
// Sleep wrappers: bounded waits for nothing but time. All are cancellation points.
#include <errno.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "preload/notes/waits.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"

namespace preload {

namespace {

template <typename Deadline, typename Call>
auto sleep_in(Function function, const CallerFrame& caller, Deadline deadline, Call call) {
    ThreadRecord* const self = this_thread();
    // A program without threads has nobody to ask: nothing is published, and no recording made.
    if (self == nullptr || process == nullptr) return call();
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    return wait_in(self, {WaitKind::kSleep, function, 0, stack, 0, 0, deadline()}, caller, call);
}

uint64_t deadline_in(uint64_t seconds, uint64_t nanoseconds) {
    const timespec duration{static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
    return deadline_after(&duration);
}

}  // namespace

extern "C" {

EXPORTED int nanosleep(const timespec* duration, timespec* left) {
    return sleep_in(
        Function::k_nanosleep, CALLER_FRAME, [=] { return deadline_after(duration); },
        [=] { return real::nanosleep(duration, left); });
}

EXPORTED int clock_nanosleep(clockid_t clock, int flags, const timespec* time, timespec* left) {
    return sleep_in(
        Function::k_clock_nanosleep, CALLER_FRAME,
        [=] { return (flags & TIMER_ABSTIME) != 0 ? deadline_of(clock, time) : deadline_after(time); },
        [=] { return real::clock_nanosleep(clock, flags, time, left); });
}

EXPORTED int usleep(useconds_t microseconds) {
    return sleep_in(
        Function::k_usleep, CALLER_FRAME,
        [=] { return deadline_in(microseconds / 1'000'000, microseconds % 1'000'000 * 1000); },
        [=] { return real::usleep(microseconds); });
}

EXPORTED unsigned int sleep(unsigned int seconds) {
    return sleep_in(
        Function::k_sleep, CALLER_FRAME, [=] { return deadline_in(seconds, 0); }, [=] { return real::sleep(seconds); });
}

EXPORTED int thrd_sleep(const timespec* duration, timespec* left) {
    return sleep_in(
        Function::k_thrd_sleep, CALLER_FRAME, [=] { return deadline_after(duration); },
        [=] { return real::thrd_sleep(duration, left); });
}

}  // extern "C"

}  // namespace preload
