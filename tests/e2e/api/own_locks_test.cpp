// SPDX-License-Identifier: Apache-2.0
//
// Locks that the program made itself and annotated: what the report says of their waits and holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;
using support::Command;
using testing::ElementsAre;
using testing::HasSubstr;

Json report_of(const std::string& situation) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "run", {"--all"}, Command{{OWN_LOCKS, situation}});
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    return observed.reports.at(0);
}

report::Site site(std::string_view key) {
    return report::site_of(OWN_LOCKS_SOURCE, key);
}

std::vector<int> owners_of(const Json& thread) {
    std::vector<int> owners;
    for (const Json& owner : thread.at("waits_for").at("owners")) owners.push_back(owner.at("thread").get<int>());
    return owners;
}

std::string held_names(const Json& thread) {
    std::string names;
    for (const Json& hold : thread.at("holds")) names += hold.at("name").dump() + hold.at("mode").dump();
    return names;
}

TEST(OwnLocks, TakenInOppositeOrderAreAProvedDeadlock) {
    const Json report = report_of("cycle");

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    const Json& second = report::thread(report, 2);
    EXPECT_EQ(second.at("state"), "custom lock");
    EXPECT_EQ(second.at("timed"), false);
    EXPECT_EQ(second.at("waits_for").at("kind"), "custom lock");
    EXPECT_EQ(second.at("waits_for").at("name"), "the second");
    EXPECT_THAT(owners_of(second), ElementsAre(3));
    EXPECT_TRUE(report::starts_at(second.at("stack"), site("spin")));
    EXPECT_TRUE(report::starts_at(second.at("waits_for").at("owners").at(0).at("acquired_at"), site("taken")));
    EXPECT_THAT(report::text_of(report::thread(report, 3).at("waits_for").at("name")), HasSubstr("g_first"));
}

TEST(OwnLocks, HaveReadersThatAreAllOwners) {
    const Json report = report_of("readers");

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved", "blocked fact"));
    EXPECT_THAT(owners_of(report::thread(report, 4)), ElementsAre(2, 3));
    EXPECT_EQ(report::thread(report, 4).at("waits_for").at("owners").at(0).at("mode"), "shared");
    EXPECT_THAT(owners_of(report::thread(report, 2)), ElementsAre(4));
    EXPECT_THAT(owners_of(report::thread(report, 3)), ElementsAre(1));
}

TEST(OwnLocks, AreNotHeldByReadersForThoseWhoRead) {
    EXPECT_EQ(owners_of(report::thread(report_of("reads-only"), 2)), std::vector<int>());
}

TEST(OwnLocks, ThatParkInAConditionAreWaitedForAsThemselves) {
    const Json report = report_of("parks");

    const Json& waiter = report::thread(report, 2);
    EXPECT_EQ(waiter.at("state"), "custom lock");
    EXPECT_THAT(owners_of(waiter), ElementsAre(1));
    EXPECT_TRUE(report::starts_at(waiter.at("stack"), site("park")));
    EXPECT_EQ(held_names(waiter), "");
}

TEST(OwnLocks, WithABoundAreATimedWaitThatIsNoBlock) {
    const Json report = report_of("gives-up");

    EXPECT_THAT(report::verdicts(report), ElementsAre("alive fact"));
    EXPECT_EQ(report::thread(report, 2).at("timed"), true);
    EXPECT_TRUE(report::starts_at(report::thread(report, 2).at("stack"), site("timed")));
}

TEST(OwnLocks, GivenUpOrReleasedLeaveNothing) {
    const Json report = report_of("done");

    EXPECT_NE(report::thread(report, 2).at("state"), "custom lock");
    EXPECT_EQ(held_names(report::thread(report, 1)) + held_names(report::thread(report, 2)), "");
}

TEST(OwnLocks, OfAnEndedThreadAreOrphaned) {
    const Json report = report_of("orphan");

    EXPECT_THAT(report::verdicts(report), ElementsAre("orphaned-lock proved"));
    EXPECT_THAT(owners_of(report::thread(report, 3)), ElementsAre(2));
}

}  // namespace
