// SPDX-License-Identifier: Apache-2.0
#include "preload/stacks/scratch_stack.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <vector>

#include "preload/process/restriction.h"

namespace {

sigset_t blocked_now() {
    sigset_t now;
    sigemptyset(&now);
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return now;
}

/// The stack pointer on each of so many stacks, from one of which the next is asked for.
void go_deeper(size_t times, std::vector<uintptr_t>& places) {
    places.push_back(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)));
    if (times != 0) preload::on_scratch_stack([&] { go_deeper(times - 1, places); });
}

bool are_on_one_stack(uintptr_t one, uintptr_t other) {
    return (one < other ? other - one : one - other) < preload::kScratchBytes / 2;
}

TEST(ScratchStack, IsElsewhereAndNoSignalComes) {
    errno = 4711;
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    uintptr_t there = 0;
    sigset_t meanwhile;
    preload::on_scratch_stack([&] {
        there = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
        meanwhile = blocked_now();
    });
    EXPECT_EQ(errno, 4711);
    EXPECT_FALSE(are_on_one_stack(here, there));
    EXPECT_EQ(sigismember(&meanwhile, SIGUSR1), 1);
    EXPECT_EQ(sigismember(&meanwhile, SIGSEGV), 1);
    const sigset_t after = blocked_now();
    EXPECT_EQ(sigismember(&after, SIGUSR1), 0);
}

/// More at a time than are kept.
TEST(ScratchStack, IsThereForEverybody) {
    std::vector<uintptr_t> places;
    go_deeper(40, places);
    ASSERT_EQ(places.size(), 41U);
    for (size_t i = 0; i < places.size(); ++i) {
        for (size_t k = 0; k < i; ++k) EXPECT_FALSE(are_on_one_stack(places[i], places[k])) << i << " " << k;
    }
}

TEST(ScratchStack, IsTheCallersOwnWhereThereIsNoOther) {
    std::vector<uintptr_t> places;
    preload::restrictions = 1;
    go_deeper(6, places);
    preload::restrictions = 0;
    ASSERT_EQ(places.size(), 7U);
    EXPECT_TRUE(are_on_one_stack(places[5], places[6]));
}

}  // namespace
