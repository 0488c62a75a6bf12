// SPDX-License-Identifier: Apache-2.0
//
// Gates for observed programs: ways to wait that the interposer cannot see, so that a program is
// in the state its test needs before it goes on. Raw system calls by inline assembly, no libc, no
// pthread. A gate that stays shut for a minute ends the program with status 3.
#pragma once

#include <atomic>
#include <cstddef>

#include "tests/support/kernel_view.h"

namespace gate {

inline constexpr long kCallFutex = 202;
inline constexpr long kCallClockNanosleep = 230;

/// Writes to standard output past stdio, so that a test sees it although the program hangs.
inline void say(const char* text) {
    size_t length = 0;
    while (text[length] != '\0') ++length;
    raw_call(/*write*/ 1, 1, reinterpret_cast<long>(text), static_cast<long>(length));
}

/// Half a millisecond of sleep.
inline void pause_a_moment() {
    const long time[2] = {0, 500'000};
    raw_call(/*nanosleep*/ 35, reinterpret_cast<long>(time));
}

/// Polls `is_open` until it is true.
template <class Condition>
void await(Condition is_open) {
    for (int looks = 0; !is_open(); ++looks) {
        if (looks == 120'000) {
            static constexpr char kMessage[] = "gate: still shut after a minute\n";
            raw_call(/*write*/ 1, 2, reinterpret_cast<long>(kMessage), sizeof kMessage - 1);
            raw_call(/*exit_group*/ 231, 3);
        }
        pause_a_moment();
    }
}

/// Opened once, by anybody.
class Flag {
public:
    void open() { open_.store(true); }
    void await_open() const {
        await([this] { return open_.load(); });
    }

private:
    std::atomic<bool> open_{false};
};

/// Lets nobody through before `expected` threads have come.
class Crossing {
public:
    explicit Crossing(int expected) : expected_(expected) {}
    void arrive_and_await() {
        arrived_.fetch_add(1);
        await([this] { return arrived_.load() >= expected_; });
    }

private:
    const int expected_;
    std::atomic<int> arrived_{0};
};

/// Threads of this process as the kernel counts them, the calling one included.
inline size_t thread_count() {
    char status[4096];
    detail::read_task_file(raw_call(/*gettid*/ 186), "status", status, sizeof status);
    const char* const threads = detail::after_key(status, "Threads:");
    return threads != nullptr ? detail::number_at(threads) : 0;
}

namespace detail {

inline bool all_in(const Sights& sights, long call) {
    for (size_t i = 0; i < sights.count; ++i) {
        if (!sights.threads[i].asleep || sights.threads[i].call != call) return false;
    }
    return true;
}

inline bool same(const Sights& one, const Sights& other) {
    if (one.count != other.count) return false;
    for (size_t i = 0; i < one.count; ++i) {
        if (one.threads[i] != other.threads[i]) return false;
    }
    return true;
}

/// Two looks see the same sleeps: so all those threads slept at one moment between the looks.
inline void await_asleep(size_t others, long call) {
    await([=] {
        Sights first;
        look(first);
        if (first.count != others || !all_in(first, call)) return false;
        pause_a_moment();
        Sights second;
        look(second);
        return same(first, second) && thread_count() == others + 1;
    });
}

}  // namespace detail

/// Until there are exactly `count` threads, the calling one included.
inline void await_thread_count(size_t count) {
    await([=] { return thread_count() == count; });
}

/// Until exactly `others` other threads exist and all of them sleep in a futex call at the same
/// moment. Nobody awake, nobody left to wake them but the caller: what is not timed is final.
inline void await_others_blocked(size_t others) {
    detail::await_asleep(others, kCallFutex);
}

/// The same for threads in the system call with this number.
inline void await_others_in(long call, size_t others) {
    detail::await_asleep(others, call);
}

/// The same for threads in nanosleep.
inline void await_others_sleeping(size_t others) {
    detail::await_asleep(others, kCallClockNanosleep);
}

}  // namespace gate
