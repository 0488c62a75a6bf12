// SPDX-License-Identifier: Apache-2.0
#include "protocol/seqlock.h"

#include <gtest/gtest.h>

#include <thread>

#include "protocol/layout.h"

namespace {

using protocol::begin_write;
using protocol::end_write;
using protocol::is_consistent;

TEST(Seqlock, IsOddOnlyWhileTheOutermostWriterWrites) {
    std::atomic<uint32_t> sequence{4};

    const bool outer = begin_write(sequence);
    EXPECT_TRUE(outer);
    EXPECT_EQ(sequence, 5U);
    const bool handler = begin_write(sequence);  // a signal handler that interrupts the writer
    EXPECT_FALSE(handler);
    EXPECT_EQ(sequence, 5U);
    end_write(sequence, handler);
    EXPECT_EQ(sequence, 5U);
    end_write(sequence, outer);
    EXPECT_EQ(sequence, 6U);
}

TEST(Seqlock, AcceptsACopyOnlyBetweenTwoEqualEvenLooks) {
    EXPECT_TRUE(is_consistent(8, 8));
    EXPECT_FALSE(is_consistent(8, 10));
    EXPECT_FALSE(is_consistent(9, 9));
}

TEST(Seqlock, NeverLetsAMixedPairThrough) {
    std::atomic<uint32_t> sequence{0};
    std::atomic<uint64_t> first{0};
    std::atomic<uint64_t> second{0};
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        for (uint64_t value = 1; !stop; ++value) {
            const bool is_outermost = begin_write(sequence);
            first.store(value, std::memory_order_relaxed);
            second.store(value, std::memory_order_relaxed);
            end_write(sequence, is_outermost);
        }
    });

    for (int accepted = 0; accepted < 100'000;) {
        const uint32_t before = sequence.load(std::memory_order_acquire);
        const uint64_t one = first.load(std::memory_order_relaxed);
        const uint64_t other = second.load(std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_acquire);
        if (!is_consistent(before, sequence.load(std::memory_order_relaxed))) {
            std::this_thread::yield();  // the writer may have lost its CPU within a write
            continue;
        }
        if (one != 0) ++accepted;
        EXPECT_EQ(one, other);
    }
    stop = true;
    writer.join();
}

TEST(TableIndex, StaysWithinTheTable) {
    for (uint64_t address = 1; address < uint64_t{1} << 47; address = address * 3 + 8) {
        EXPECT_LT(protocol::table_index(address, protocol::kSignalCount), protocol::kSignalCount);
    }
}

}  // namespace
