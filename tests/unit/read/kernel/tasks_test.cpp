// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/tasks.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

namespace reader {
namespace {

/// A thread that waits in one call, always the same, again and again: each time it is woken it counts.
class Dozer {
public:
    Dozer() : dozer_([this] { doze(); }), waker_([this] { wake(); }) {
        while (tid_ == 0) std::this_thread::yield();
    }
    ~Dozer() {
        stop_ = true;
        dozer_.join();
        waker_.join();
    }

    uint32_t tid() const { return tid_; }
    uint64_t times() const { return times_; }

private:
    using Clock = std::chrono::steady_clock;

    void doze() {
        std::minstd_rand random(1);
        tid_ = static_cast<uint32_t>(gettid());
        while (!stop_) {
            syscall(SYS_futex, &word_, FUTEX_WAIT, 0, nullptr);
            ++times_;
            run(random);
        }
        has_ended_ = true;
    }
    void wake() {
        std::minstd_rand random(2);
        while (!has_ended_) {
            run(random);
            syscall(SYS_futex, &word_, FUTEX_WAKE, 1);
        }
    }
    /// For about as long as a look: so it begins and ends at any moment of one.
    static void run(std::minstd_rand& random) {
        const auto until = Clock::now() + std::chrono::nanoseconds(random() % 40'000);
        while (Clock::now() < until) {
        }
    }

    std::atomic<uint32_t> tid_{0};
    std::atomic<uint64_t> times_{0};
    std::atomic<bool> stop_{false};
    std::atomic<bool> has_ended_{false};
    std::atomic<int> word_{0};
    std::thread dozer_;
    std::thread waker_;
};

TEST(SleepingTask, DidNotRunWhileItIsSaidToHaveSlept) {
    const Dozer dozer;
    const auto pid = static_cast<uint32_t>(getpid());
    int error = 0;
    int slept = 0;
    for (int look = 0; look < 20'000; ++look) {
        const std::optional<Task> seen = look_at_task(pid, dozer.tid(), error);
        ASSERT_TRUE(seen);
        if (!seen->call || seen->call->running || seen->call->number != SYS_futex) continue;
        const uint64_t before = dozer.times();
        for (int i = 0; i < 100; ++i) static_cast<void>(dozer.times());
        const uint64_t after = dozer.times();
        if (sleeps_on(pid, *seen)) {
            ++slept;
            ASSERT_EQ(before, after) << "look " << look;
        }
    }
    EXPECT_GT(slept, 0);
}

TEST(StoppedTasks, AreAllOfThem) {
    Task stopped;
    stopped.stat.state = 'T';
    Task traced;
    traced.stat.state = 't';
    Task asleep;
    asleep.stat.state = 'S';

    EXPECT_TRUE(is_stopped({stopped, traced}));
    EXPECT_FALSE(is_stopped({stopped, asleep}));
    EXPECT_FALSE(is_stopped({}));
}

TEST(SleepingTask, IsKnownToSleepOn) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::atomic<uint32_t> tid{0};
    std::thread reader([&] {
        tid = static_cast<uint32_t>(gettid());
        char byte;
        EXPECT_EQ(read(ends[0], &byte, 1), 1);
    });
    const auto pid = static_cast<uint32_t>(getpid());
    int error = 0;
    std::optional<Task> seen;
    while (!seen || !seen->call || seen->call->number != SYS_read) seen = look_at_task(pid, tid, error);

    seen = look_at_task(pid, tid, error);  // the first may be of the moment it came to a halt
    EXPECT_TRUE(sleeps_on(pid, *seen));
    EXPECT_TRUE(sleeps_on(pid, *seen));

    EXPECT_EQ(write(ends[1], "x", 1), 1);
    reader.join();
    EXPECT_FALSE(sleeps_on(pid, *seen));
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace reader
