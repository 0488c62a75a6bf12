// SPDX-License-Identifier: Apache-2.0
#include "read/calls/bounds.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <iterator>

#include "read/calls/futex.h"
#include "read/kernel/target_memory.h"

namespace reader {

namespace {

enum class Form { kMilliseconds, kTimespec, kTimeval, kRealtime };

/// A call whose argument is its bound.
struct BoundedCall {
    long number;
    size_t argument;
    Form form;
};

constexpr BoundedCall kBounded[] = {
    {SYS_poll, 2, Form::kMilliseconds},        {SYS_epoll_wait, 3, Form::kMilliseconds},
    {SYS_epoll_pwait, 3, Form::kMilliseconds}, {SYS_ppoll, 2, Form::kTimespec},
    {SYS_select, 4, Form::kTimeval},           {SYS_pselect6, 4, Form::kTimespec},
    {SYS_epoll_pwait2, 3, Form::kTimespec},    {SYS_recvmmsg, 4, Form::kTimespec},
    {SYS_io_getevents, 4, Form::kTimespec},    {SYS_io_pgetevents, 4, Form::kTimespec},
    {SYS_semtimedop, 3, Form::kTimespec},      {SYS_rt_sigtimedwait, 2, Form::kTimespec},
    {SYS_nanosleep, 0, Form::kTimespec},       {SYS_mq_timedreceive, 4, Form::kRealtime},
    {SYS_mq_timedsend, 4, Form::kRealtime},
};

const BoundedCall* find(const SystemCall& call) {
    const auto* const found = std::find_if(std::begin(kBounded), std::end(kBounded),
                                           [&](const BoundedCall& known) { return known.number == call.number; });
    return found == std::end(kBounded) ? nullptr : found;
}

/// Seconds and a fraction of them, of which so many make one; empty: not readable, or no time.
std::optional<double> time_at(uint32_t pid, uint64_t address, int64_t fractions) {
    std::array<int64_t, 2> time{};
    if (address == 0 || read_memory(pid, address, time.data(), sizeof(time)).bytes != sizeof(time)) return {};
    if (time[0] < 0 || time[1] < 0 || time[1] >= fractions) return {};
    return static_cast<double>(time[0]) + static_cast<double>(time[1]) / static_cast<double>(fractions);
}

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMicro = 1'000'000;

std::optional<double> now(clockid_t clock) {
    timespec time = {};
    if (clock_gettime(clock, &time) != 0) return {};
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / kSecond;
}

Bound until(clockid_t clock, const std::optional<double>& end) {
    const bool is_shared = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
    const std::optional<double> at = is_shared ? now(clock) : std::nullopt;  // others are the target's own
    if (!end || !at) return {};
    return {std::max(*end - *at, 0.0), {}};
}

Bound bound_of_futex(uint32_t pid, const SystemCall& call) {
    const auto operation = static_cast<uint32_t>(call.arguments[1]);
    const std::optional<double> time = time_at(pid, call.arguments[3], kSecond);
    const uint32_t command = operation & static_cast<uint32_t>(FUTEX_CMD_MASK);
    if (command == FUTEX_WAIT) return {{}, time};
    const bool is_realtime = command == FUTEX_LOCK_PI || (operation & FUTEX_CLOCK_REALTIME) != 0;
    return until(is_realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, time);
}

}  // namespace

bool is_bounded(const SystemCall& call) {
    const BoundedCall* const known = find(call);
    if (known == nullptr) return false;
    const uint64_t argument = call.arguments[known->argument];
    return known->form == Form::kMilliseconds ? static_cast<int32_t>(argument) >= 0 : argument != 0;
}

Bound bound_of(uint32_t pid, const SystemCall& call) {
    if (is_futex_wait(call)) return bound_of_futex(pid, call);
    if (call.number == SYS_futex_waitv) {
        return until(static_cast<clockid_t>(call.arguments[4]), time_at(pid, call.arguments[3], kSecond));
    }
    if (call.number == SYS_clock_nanosleep) {
        const std::optional<double> time = time_at(pid, call.arguments[2], kSecond);
        const bool is_absolute = (call.arguments[1] & TIMER_ABSTIME) != 0;
        return is_absolute ? until(static_cast<clockid_t>(call.arguments[0]), time) : Bound{{}, time};
    }
    if (!is_bounded(call)) return {};
    const BoundedCall& known = *find(call);
    const uint64_t argument = call.arguments[known.argument];
    switch (known.form) {
        case Form::kMilliseconds: return {{}, static_cast<int32_t>(argument) / 1000.0};
        case Form::kTimespec: return {{}, time_at(pid, argument, kSecond)};
        case Form::kTimeval: return {{}, time_at(pid, argument, kMicro)};
        case Form::kRealtime: return until(CLOCK_REALTIME, time_at(pid, argument, kSecond));
    }
    return {};
}

}  // namespace reader
