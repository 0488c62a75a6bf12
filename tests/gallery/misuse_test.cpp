// SPDX-License-Identifier: Apache-2.0
//
// Misuse of locks that is seen on the way, and threads whose ends only look like it.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MisusedLocks : public GalleryTest {
protected:
    /// The only one that is told.
    static Json misuse_of(const Json& report) {
        EXPECT_EQ(report.at("misuse").size(), 1U) << report.at("misuse");
        return report.at("misuse").empty() ? Json() : report.at("misuse").at(0);
    }

    void expect_misuse(const Json& report, const std::string& kind, int thread, const std::string& lock,
                       const std::string& place) {
        const Json misuse = misuse_of(report);
        ASSERT_FALSE(misuse.is_null());
        EXPECT_EQ(misuse.at("kind"), kind);
        EXPECT_EQ(misuse.at("thread"), thread);
        EXPECT_EQ(misuse.at("object").at("name"), program_.site(lock).function);
        if (place.empty()) return;
        EXPECT_TRUE(report::passes(misuse.at("stack"), program_.site(place))) << misuse;
    }

    Program program_ = program("misused_locks");
};

INSTANTIATE_TEST_SUITE_P(All, MisusedLocks, testing::ValuesIn(few_builds()), testing::PrintToStringParamName());

TEST_P(MisusedLocks, AreUnlockedByAnother) {
    const Json report = report_of_clean(program_, "foreign");

    expect_misuse(report, "foreign-unlock", 1, "mutex", "");
    EXPECT_EQ(report.at("misuse").at(0).at("other_thread"), 2);
}

TEST_P(MisusedLocks, AreDestroyedWhileTheyAreHeld) {
    const Json report = report_of_clean(program_, "destroyed");

    expect_misuse(report, "destroyed-locked", 1, "mutex", "destroyed");
    EXPECT_EQ(report.at("misuse").at(0).at("other_thread"), 2);
}

TEST_P(MisusedLocks, AreLockedAgainByTheirOwner) {
    expect_misuse(report_of_clean(program_, "relocked"), "relocked", 2, "checked", "relocked");
}

TEST_P(MisusedLocks, AreLeftLockedByAThreadThatEnds) {
    const Json report = report_of_leaky(program_, "ended");

    EXPECT_THAT(report::verdicts(report), ElementsAre("orphaned-lock fact"));
    expect_misuse(report, "exited-holding", 2, "mutex", "never_unlocked");
}

TEST_P(MisusedLocks, AreWaitedWithOnTheSameConditionAsAnother) {
    const Json misuse = misuse_of(report_of_leaky(program_, "two"));

    ASSERT_FALSE(misuse.is_null());
    EXPECT_EQ(misuse.at("kind"), "two-mutexes");
    EXPECT_EQ(misuse.at("object").at("name"), program_.site("condition").function);
    EXPECT_EQ(misuse.at("thread"), 2);
    EXPECT_EQ(misuse.at("other_thread"), 3);
}

TEST_P(MisusedLocks, AreHeldForLong) {
    if (program_.runs_plainly()) return;  // the option is the command's
    const auto misuse_beyond = [&](const std::string& limit) {
        const support::Observed observed =
            support::observe(LOITER_COMMAND, "gate", {"--grace", "50ms", "--held-longer-than", limit},
                             {.arguments = {program_.path(), "long"}});
        return observed.reports.at(0);
    };

    expect_misuse(misuse_beyond("20ms"), "held-long", 2, "mutex", "held");
    EXPECT_EQ(misuse_beyond("1h").at("misuse"), Json::array());
}

TEST_P(MisusedLocks, AreNoneOfThoseThatAreUsedWell) {
    expect_clean(program_);
    EXPECT_EQ(report_of_clean(program_, "fixed").at("misuse"), Json::array());
}

class OddEnds : public GalleryTest {
protected:
    Program program_ = program("odd_ends");
};

INSTANTIATE_TEST_SUITE_P(All, OddEnds, testing::ValuesIn(few_builds()), testing::PrintToStringParamName());

TEST_P(OddEnds, OfAThreadThatNobodyLetsGoOfAreAFact) {
    const Json report = report_of_leaky(program_, "unjoined");

    EXPECT_THAT(report::verdicts(report), ElementsAre("unjoined fact"));
    expect_finding(report, "unjoined", "fact", {2});
}

TEST_P(OddEnds, OfMainWithALockOrphanIt) {
    const Json report = report_of_stuck(program_, "abandoned");

    EXPECT_THAT(report::verdicts(report), testing::Contains("orphaned-lock proved"));
    expect_finding(report, "orphaned-lock", "proved", {1, 2});
    expect_thread(report, 2, {.state = "mutex lock", .block = program_.site("block")});
}

TEST_P(OddEnds, ThatAreAllowedAreClean) {
    for (const char* const variant : {"detached", "main_exits"}) {
        SCOPED_TRACE(variant);
        expect_clean(program_, variant);
    }
}

TEST_P(OddEnds, OfAnOwnerWhoseRobustMutexWasPutRightAreClean) {
    expect_clean(program_, "recovered");
}

}  // namespace
}  // namespace gallery
