// SPDX-License-Identifier: Apache-2.0
#include "preload/stacks/stack_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "fake_recording.h"

namespace {

using Pcs = std::vector<uintptr_t>;

uint32_t intern(Pcs pcs, uint32_t generation = 0, uint8_t flags = 0, uint8_t exact = 0) {
    return preload::intern_stack({pcs.data(), static_cast<uint16_t>(pcs.size()), flags, exact}, generation).id;
}

/// The `number`-th of many different stacks of one to 30 frames.
Pcs numbered_stack(uintptr_t number) {
    Pcs pcs;
    for (uintptr_t i = 0; i <= number % 30; ++i) pcs.push_back(0x400000 + number * 64 + i);
    return pcs;
}

TEST(StackTable, GivesEqualStacksOneId) {
    const FakeRecording recording;
    const uint32_t id = intern({1, 2, 3});

    EXPECT_NE(id, 0U);
    EXPECT_EQ(intern({1, 2, 3}), id);
    const FakeRecording::Stack stored = recording.stack(id);
    EXPECT_EQ(stored.pcs, (Pcs{1, 2, 3}));
    EXPECT_EQ(stored.header.mark, protocol::kStackMark);
}

TEST(StackTable, TellsStacksApartByEveryPartOfThem) {
    const FakeRecording recording;
    const std::set<uint32_t> ids = {
        intern({1, 2, 3}),
        intern({1, 2}),
        intern({1, 2, 3, 4}),
        intern({1, 3, 2}),
        intern({1, 2, 3}, 1),
        intern({1, 2, 3}, 0, protocol::kStackIncomplete),
        intern({1, 2, 3}, 0, protocol::kStackTruncated),
        intern({1, 2, 3}, 0, protocol::kStackHasSignal, 1),
        intern({1, 2, 3}, 0, protocol::kStackHasSignal, 2),
    };

    EXPECT_EQ(ids.size(), 9U);
    EXPECT_FALSE(ids.contains(0));
}

TEST(StackTable, FindsAllThatARecordingHasRoomForAfterASmallerOne) {
    constexpr uintptr_t kStacks = 40'000;
    for (const uint64_t bytes : {uint64_t{256} << 10, uint64_t{64} << 20}) {
        const FakeRecording recording(bytes);
        std::set<uint32_t> ids;
        for (uintptr_t i = 0; i < kStacks; ++i) ids.insert(intern({0x400000 + i, 0x500000 + i}));
        EXPECT_EQ(!ids.contains(0) && ids.size() == kStacks, bytes > kStacks * 32);
    }
}

TEST(StackTable, KeepsGenerationFlagsAndExactFrame) {
    const FakeRecording recording;
    const FakeRecording::Stack stored =
        recording.stack(intern({7, 8}, 5, protocol::kStackHasSignal | protocol::kStackTruncated, 2));

    EXPECT_EQ(stored.header.generation, 5U);
    EXPECT_EQ(stored.header.flags, protocol::kStackHasSignal | protocol::kStackTruncated);
    EXPECT_EQ(stored.header.exact, 2);
    EXPECT_EQ(stored.header.depth, 2);
}

TEST(StackTable, AgreesBetweenThreads) {
    constexpr uintptr_t kStacks = 3000;
    constexpr int kThreads = 4;
    const FakeRecording recording(8 << 20);
    std::vector<std::vector<uint32_t>> ids(kThreads);
    std::vector<std::thread> threads;
    for (std::vector<uint32_t>& own : ids) {
        threads.emplace_back([&own] {
            for (uintptr_t number = 0; number < kStacks; ++number) own.push_back(intern(numbered_stack(number)));
        });
    }
    for (std::thread& thread : threads) thread.join();

    for (const std::vector<uint32_t>& own : ids) EXPECT_EQ(own, ids[0]);
    EXPECT_EQ(std::set<uint32_t>(ids[0].begin(), ids[0].end()).size(), kStacks);
    for (uintptr_t number = 0; number < kStacks; ++number) {
        ASSERT_EQ(recording.stack(ids[0][number]).pcs, numbered_stack(number));
    }
}

TEST(StackTable, WhenFullStillFindsWhatItHas) {
    const FakeRecording recording(64 * 1024);
    std::map<uintptr_t, uint32_t> stored;
    uintptr_t number = 0;
    for (uint32_t id = intern(numbered_stack(0)); id != 0; id = intern(numbered_stack(++number))) stored[number] = id;

    EXPECT_GT(stored.size(), 100U);
    EXPECT_EQ(intern(numbered_stack(number)), 0U);
    for (const auto& [known, id] : stored) EXPECT_EQ(intern(numbered_stack(known)), id);
}

TEST(StackTable, OfANewRecordingStartsEmpty) {
    uint32_t before = 0;
    {
        const FakeRecording recording;
        before = intern({1, 2, 3});
        EXPECT_NE(before, 0U);
    }
    const FakeRecording recording;
    EXPECT_EQ(intern({4, 5, 6, 7}), before);  // the same place, so nothing of the old table was found
    EXPECT_NE(intern({1, 2, 3}), before);
    EXPECT_EQ(recording.stack(before).pcs, (Pcs{4, 5, 6, 7}));
}

}  // namespace
