// SPDX-License-Identifier: Apache-2.0
//
// What only looks like misuse is none, and what is one is told with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;

Json report_of_near_misuse(const std::string& what, int status, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--fail-on", "deadlock,self-deadlock"});
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "gate", options, {.arguments = {NEAR_MISUSES, what}});
    EXPECT_EQ(observed.outcome.status, status) << observed.outcome.errors;
    return observed.reports.at(0);
}

TEST(NearMisuse, IsNoneWhereAllWhoWaitedOnADestroyedConditionWereWoken) {
    for (const char* const what : {"broadcast", "signalled"}) {
        SCOPED_TRACE(what);
        EXPECT_EQ(report_of_near_misuse(what, 0).at("misuse"), Json::array());
    }
}

TEST(NearMisuse, IsOneWhereAThreadWasLeftWaitingOnADestroyedCondition) {
    const Json report = report_of_near_misuse("waited", 124, {"--timeout", "700ms"});

    ASSERT_EQ(report.at("misuse").size(), 1U);
    EXPECT_EQ(report.at("misuse").at(0).at("kind"), "destroyed-waited");
}

TEST(NearMisuse, IsNoneOfAThreadThatHasGivenTheMutexUpForAWait) {
    EXPECT_EQ(report_of_near_misuse("lent", 0).at("misuse"), Json::array());
}

TEST(NearMisuse, IsNoneWhereLibcRefusedAndTakesNoProofAway) {
    const Json report = report_of_near_misuse("refused", 86, {"--timeout", "700ms"});

    EXPECT_EQ(report.at("misuse"), Json::array());
    EXPECT_THAT(report::verdicts(report), testing::ElementsAre("deadlock proved"));
}

TEST(NearMisuse, IsNoneOfALockWhoseHoldFoundNoRoom) {
    EXPECT_EQ(report_of_near_misuse("many", 0).at("misuse"), Json::array());
}

TEST(NearMisuse, IsOneWithAPlaceWhereAnothersLockIsUnlocked) {
    const Json report = report_of_near_misuse("foreign", 0);

    ASSERT_EQ(report.at("misuse").size(), 1U);
    const Json& misuse = report.at("misuse").at(0);
    EXPECT_EQ(misuse.at("kind"), "foreign-unlock");
    EXPECT_EQ(misuse.at("other_thread"), 2);
    EXPECT_TRUE(report::passes(misuse.at("stack"), report::site_of(NEAR_MISUSES_SOURCE, "unlocked"))) << misuse;
}

}  // namespace
