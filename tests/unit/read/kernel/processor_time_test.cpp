// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/processor_time.h"

#include <gtest/gtest.h>

namespace reader_test {
namespace {

using reader::CpuCounts;

constexpr uint64_t kMillisecond = 1'000'000;

CpuCounts counts(uint64_t at, uint64_t used, uint64_t ready, uint64_t sleeps, bool runs = false) {
    return {at * kMillisecond, used * kMillisecond, ready * kMillisecond, sleeps, 77, runs};
}

TEST(CpuShare, IsOfTheWindow) {
    const auto share = reader::cpu_share(counts(1000, 500, 0, 3), counts(1100, 525, 0, 5));
    ASSERT_TRUE(share);
    EXPECT_DOUBLE_EQ(share->used, 0.25);
    EXPECT_FALSE(share->spins);
}

TEST(CpuShare, OfAThreadThatUsesOrWantsHalfOfItSpins) {
    const CpuCounts first = counts(1000, 500, 40, 3);
    EXPECT_TRUE(reader::cpu_share(first, counts(1100, 550, 40, 5))->spins);
    EXPECT_TRUE(reader::cpu_share(first, counts(1100, 520, 70, 5))->spins) << "ready while others ran";
    EXPECT_FALSE(reader::cpu_share(first, counts(1100, 529, 60, 5))->spins);
}

TEST(CpuShare, OfAThreadThatNeverSleptSpins) {
    EXPECT_TRUE(reader::cpu_share(counts(1000, 500, 0, 3, true), counts(1100, 505, 0, 3, true))->spins);
    EXPECT_FALSE(reader::cpu_share(counts(1000, 500, 0, 3, true), counts(1100, 505, 0, 4, true))->spins);
    EXPECT_FALSE(reader::cpu_share(counts(1000, 500, 0, 3, true), counts(1100, 505, 0, 3, false))->spins);
}

/// Just woken, or let go on after a stop: what it will do with its time is not known yet.
TEST(CpuShare, OfAThreadThatHadNoProcessorTellsNothing) {
    for (const uint64_t used : {500, 504}) {
        const auto waits = reader::cpu_share(counts(1000, 500, 0, 3, true), counts(1100, used, 0, 3, true));
        EXPECT_FALSE(waits->spins);
        EXPECT_TRUE(waits->starves);
        const auto works_a_little = reader::cpu_share(counts(1000, 500, 0, 3), counts(1100, used, 90, 5));
        EXPECT_FALSE(works_a_little->spins);
        EXPECT_FALSE(works_a_little->starves);
    }
    EXPECT_FALSE(reader::cpu_share(counts(1000, 500, 0, 3, true), counts(1100, 505, 0, 3, true))->starves);
}

TEST(CpuShare, IsNeverMoreThanAllNorLessThanNone) {
    EXPECT_DOUBLE_EQ(reader::cpu_share(counts(1000, 500, 0, 3), counts(1010, 540, 0, 3))->used, 1.0);
    EXPECT_DOUBLE_EQ(reader::cpu_share(counts(1000, 500, 0, 3), counts(1010, 490, 0, 3))->used, 0.0);
}

TEST(CpuShare, IsOfOneThreadAndOfSomeTime) {
    CpuCounts another = counts(1100, 550, 0, 3);
    another.start_ticks = 78;
    EXPECT_FALSE(reader::cpu_share(counts(1000, 500, 0, 3), another));
    EXPECT_FALSE(reader::cpu_share(counts(1000, 500, 0, 3), counts(1000, 500, 0, 3)));
}

}  // namespace
}  // namespace reader_test
