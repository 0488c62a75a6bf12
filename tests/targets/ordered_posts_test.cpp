// SPDX-License-Identifier: Apache-2.0
//
// Who posted last is told even of posts that follow each other as fast as threads can see each other.
#include <gtest/gtest.h>
#include <semaphore.h>
#include <time.h>

#include <map>

#include "tests/targets/recorded_program.h"

namespace {

using support::RawRecording;

constexpr uint64_t kSemaphores = 16;

uint64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

std::map<uint64_t, uint64_t> posts_of(const RawRecording& raw, uint32_t tid) {
    std::map<uint64_t, uint64_t> times;
    for (const protocol::LastSignal& signal : raw.thread_of(tid)->signals) {
        if (signal.kind == protocol::SignalKind::kPost) times[signal.object] = signal.time_ns;
    }
    return times;
}

TEST(OrderedPosts, HaveTimesInTheirOrder) {
    const uint64_t before = monotonic_ns();
    support::RecordedProgram recorded({ORDERED_POSTS});
    const uint32_t second = support::said_number(recorded.program(), "second");
    const uint32_t first = support::said_number(recorded.program(), "first");
    ASSERT_TRUE(recorded.program().await_output("semaphores "));
    const std::string& output = recorded.program().output();
    const uint64_t base = std::stoull(output.substr(output.rfind(' ')));
    const uint64_t after = monotonic_ns();

    const RawRecording raw(recorded.first_recording());
    const auto firsts = posts_of(raw, first);
    const auto seconds = posts_of(raw, second);
    int compared = 0;
    for (const auto& [semaphore, of_first] : firsts) {
        EXPECT_GT(of_first, before);
        EXPECT_LT(of_first, after);
        const uint64_t index = (semaphore - base) / sizeof(sem_t);
        if (index >= kSemaphores || seconds.count(semaphore) == 0) continue;
        ++compared;
        if (index % 2 == 0) {
            EXPECT_LT(of_first, seconds.at(semaphore)) << index;
        } else {
            EXPECT_GT(of_first, seconds.at(semaphore)) << index;
        }
    }

    EXPECT_GE(compared, 8);
}

}  // namespace
