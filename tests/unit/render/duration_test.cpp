// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "render/render.h"
#include "render/words.h"

namespace {

using render::duration;
using render::duration_range;

TEST(Duration, HasTenthsBelowAMinute) {
    EXPECT_EQ(duration(0.4), "0.4s");
    EXPECT_EQ(duration(3.2), "3.2s");
    EXPECT_EQ(duration(12.44), "12.4s");
    EXPECT_EQ(duration(59.94), "59.9s");
}

TEST(Duration, LeavesOutAZeroTenth) {
    EXPECT_EQ(duration(0), "0s");
    EXPECT_EQ(duration(12), "12s");
    EXPECT_EQ(duration(30.04), "30s");
}

TEST(Duration, TellsMillisecondsWhereTenthsWouldSayNothing) {
    EXPECT_EQ(duration(0.0004), "0s");
    EXPECT_EQ(duration(0.012), "12ms");
    EXPECT_EQ(duration(0.0994), "99ms");
    EXPECT_EQ(duration(0.0996), "0.1s");
}

TEST(Duration, HasTwoUnitsAtMost) {
    EXPECT_EQ(duration(182), "3m2s");
    EXPECT_EQ(duration(724), "12m4s");
    EXPECT_EQ(duration(2 * 3600 + 3 * 60 + 20), "2h3m");
    EXPECT_EQ(duration(4 * 86400 + 5 * 3600 + 600), "4d5h");
}

TEST(Duration, LeavesOutASmallUnitOfZero) {
    EXPECT_EQ(duration(180), "3m");
    EXPECT_EQ(duration(7200), "2h");
    EXPECT_EQ(duration(86400), "1d");
}

TEST(Duration, CarriesIntoTheNextUnit) {
    EXPECT_EQ(duration(59.96), "1m");
    EXPECT_EQ(duration(119.7), "2m");
    EXPECT_EQ(duration(3599.7), "1h");
    EXPECT_EQ(duration(86399), "1d");
    EXPECT_EQ(duration(2 * 86400 - 60), "2d");
}

TEST(Duration, SurvivesWhatIsNoTime) {
    EXPECT_EQ(duration(-3), "0s");
    EXPECT_EQ(duration(std::numeric_limits<double>::quiet_NaN()), "0s");
    EXPECT_EQ(duration(std::numeric_limits<double>::infinity()), "11574074d2h");
}

TEST(DurationRange, SharesTheUnit) {
    EXPECT_EQ(duration_range(11.9, 12.1), "11.9~12.1s");
    EXPECT_EQ(duration_range(0.002, 0.04), "2~40ms");
    EXPECT_EQ(duration_range(0, 3), "0~3s");
}

TEST(DurationRange, IsOneTimeWhenBothReadTheSame) {
    EXPECT_EQ(duration_range(12.01, 12.04), "12s");
    EXPECT_EQ(duration_range(180, 180.4), "3m");
}

TEST(DurationRange, NamesBothUnitsWhereTheyDiffer) {
    EXPECT_EQ(duration_range(0.9, 182), "0.9s~3m2s");
    EXPECT_EQ(duration_range(182, 200), "3m2s~3m20s");
    EXPECT_EQ(duration_range(0.05, 2), "50ms~2s");
    EXPECT_EQ(duration_range(30, 180), "30s~3m");
}

}  // namespace
