// SPDX-License-Identifier: Apache-2.0
//
// Nobody is accused of a lock that is none any more.
#include <gtest/gtest.h>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

support::Observed end_of(const char* how) {
    return support::observe(LOITER_COMMAND, "gate", {"--grace", "20ms"}, {.arguments = {REUSED_LOCK, how}});
}

class ReusedLock : public testing::TestWithParam<const char*> {};

TEST_P(ReusedLock, IsNoOrphan) {
    const support::Observed observed = end_of(GetParam());
    EXPECT_EQ(observed.outcome.status, 0);
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(observed.reports[0].at("findings").size(), 0U) << observed.reports[0].at("findings").dump(2);
}

INSTANTIATE_TEST_SUITE_P(After, ReusedLock, testing::Values("init", "assigned", "rwlock", "freed", "reused"),
                         [](const auto& how) { return std::string(how.param); });

TEST(KeptLock, IsAnOrphan) {
    const support::Observed observed = end_of("kept");
    EXPECT_EQ(observed.outcome.status, 86);
    EXPECT_EQ(report::verdicts(observed.reports.at(0)), std::vector<std::string>{"orphaned-lock fact"});
}

}  // namespace
