// SPDX-License-Identifier: Apache-2.0
//
// Wake-ups that came too early, waits through a condition, and exits that do not come back.
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <utility>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class WakeUps : public GalleryTest {
protected:
    Program program_ = program("missed_notify");

    void expect_lost(const Json& report) {
        EXPECT_THAT(report::verdicts(report), Contains("lost-wakeup likely"));
        expect_finding(report, "lost-wakeup", "likely", {2});
        expect_thread(report, 2,
                      {.state = "cond wait", .block = program_.site("block"), .created = program_.site("created")});
        const Json& wait = report::thread(report, 2).at("waits_for");
        EXPECT_EQ(wait.at("name"), program_.site("condition").function);
        const Json& signal = wait.at("last_signal");
        EXPECT_EQ(signal.at("thread"), 3);
        EXPECT_EQ(signal.at("before_wait"), true);
        EXPECT_EQ(signal.at("waiters"), 0);
        EXPECT_EQ(signal.at("unlocked"), true);
        EXPECT_TRUE(report::passes(signal.at("stack"), program_.site("notify")));
        EXPECT_EQ(wait.at("signallers"), Json::parse(R"([{"thread": 3, "exited": true, "before_wait": true}])"));
    }
};

INSTANTIATE_TEST_SUITE_P(All, WakeUps, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(WakeUps, ThatComeBetweenTheLockAndTheWaitAreLost) {
    expect_lost(report_of_stuck(program_));
}

TEST_P(WakeUps, AreLostHoweverLongTheLockWasHeld) {
    expect_lost(report_of_stuck(program_, "late"));
}

TEST_P(WakeUps, ThatAreGivenUnderTheMutexAreNotLost) {
    expect_clean(program_);
}

TEST_P(WakeUps, OfAPoolThatHasDrainedItsQueueAreNotLost) {
    const Json report = report_of_stuck(program_, "pool");

    EXPECT_THAT(report::verdicts(report), testing::Not(Contains("lost-wakeup likely")));
}

TEST_P(WakeUps, OfAJobThatAnotherHasTakenAreNotLost) {
    for (const char* const variant : {"taken", "unordered"}) {
        SCOPED_TRACE(variant);
        const Json report = report_of_stuck(program_, variant);

        EXPECT_THAT(report::verdicts(report), ElementsAre("asleep proved"));
    }
}

TEST_P(WakeUps, ThatOnlyComeFromBehindTheWaiterAreAProbableCycle) {
    const Json report = report_of_stuck(program_, "nested");

    const Json& wait = report::thread(report, 3).at("waits_for");
    EXPECT_EQ(wait.at("probable_cycle"), Json::parse("[2]"));
    EXPECT_EQ(wait.at("signallers").at(0).at("thread"), 2);
    EXPECT_EQ(report::thread(report, 2).at("waits_for").at("owners").at(0).at("thread"), 3);
}

class IdlePool : public GalleryTest {};

INSTANTIATE_TEST_SUITE_P(All, IdlePool, testing::ValuesIn(few_builds()), testing::PrintToStringParamName());

TEST_P(IdlePool, IsNoFindingWhileTheProcessLives) {
    const Json report = report_of_stuck(program("missed_notify"), "idle");

    for (const std::string& verdict : report::verdicts(report)) EXPECT_TRUE(verdict.ends_with(" fact")) << verdict;
    EXPECT_TRUE(report.at("findings").empty() || !is_of_live_process(report));
}

class Exits : public GalleryTest {
protected:
    Program program_ = program("hanging_exit");
};

INSTANTIATE_TEST_SUITE_P(All, Exits, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(Exits, ThatDestroyAConditionInUseAreNamed) {
    const Json report = report_of_stuck(program_);

    const Json& phase = report.at("process").at("exit_phase");
    ASSERT_FALSE(phase.is_null());
    EXPECT_EQ(phase.at("thread"), 1);
    EXPECT_EQ(phase.at("main_returned"), true);
    EXPECT_EQ(phase.at("phase"), "static destructor");
    EXPECT_THAT(report::text_of(phase.at("message")), HasSubstr("until nobody waits on condition"));
    EXPECT_EQ(phase.at("waits"), true);
    EXPECT_EQ(report.at("misuse").at(0).at("kind"), "destroyed-waited");
}

TEST_P(Exits, ThatJoinInAStaticDestructorAreNamed) {
    const Json report = report_of_stuck(program_, "joins");

    const Json& phase = report.at("process").at("exit_phase");
    ASSERT_FALSE(phase.is_null());
    EXPECT_EQ(phase.at("phase"), "static destructor");
    EXPECT_THAT(report::text_of(phase.at("function")), HasSubstr("::~"));
    EXPECT_THAT(report::text_of(phase.at("message")), HasSubstr("T2 to end"));
}

TEST_P(Exits, ThatLockInAHandlerAreNamed) {
    const Json report = report_of_stuck(program_, "handler");

    const Json& phase = report.at("process").at("exit_phase");
    ASSERT_FALSE(phase.is_null());
    EXPECT_EQ(phase.at("phase"), "atexit handler");
    EXPECT_THAT(report::text_of(phase.at("function")), HasSubstr(program_.site("handler").function));
}

TEST(WatchedExits, AreNamedWithPhaseAndObject) {
    const Program program("hanging_exit", few_builds().at(0));
    const std::map<std::string, std::pair<std::string, std::string>> phases = {
        {"leaky", {"static destructor", "until nobody waits on condition"}},
        {"joins", {"static destructor", "T2 to end"}},
        {"handler", {"atexit handler", "for mutex g_mutex"}},
    };
    for (const auto& [variant, expected] : phases) {
        SCOPED_TRACE(variant);
        const Json report = report_of_watched_exit(program, variant);
        const Json& phase = report.at("process").at("exit_phase");
        EXPECT_EQ(phase.at("phase"), expected.first);
        EXPECT_THAT(report::text_of(phase.at("message")), HasSubstr(expected.second));
    }
}

TEST_P(Exits, ThatEndTheirWaitersFirstAreClean) {
    expect_clean(program_);
}

class MissingParty : public GalleryTest {
protected:
    Program program_ = program("missing_party");
};

INSTANTIATE_TEST_SUITE_P(All, MissingParty, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(MissingParty, IsCountedAtALatch) {
    const Json report = report_of_leaky(program_);

    for (const int waiter : {2, 3}) {
        SCOPED_TRACE(waiter);
        const Json& thread = report::thread(report, waiter);
        EXPECT_EQ(thread.at("state"), "latch");
        EXPECT_TRUE(report::passes(thread.at("stack"), program_.site("block")));
        EXPECT_EQ(thread.at("waits_for").at("name"), program_.site("latch").function);
        EXPECT_EQ(thread.at("waits_for").at("parties"), nullptr);
        EXPECT_EQ(thread.at("waits_for").at("missing_parties"), 2);
    }
}

TEST_P(MissingParty, IsCountedAtABarrier) {
    const Json report = report_of_leaky(program_, "barrier");

    for (const int waiter : {2, 3}) {
        SCOPED_TRACE(waiter);
        const Json& thread = report::thread(report, waiter);
        EXPECT_EQ(thread.at("state"), "barrier");
        EXPECT_TRUE(report::passes(thread.at("stack"), program_.site("barrier_block")));
        EXPECT_EQ(thread.at("waits_for").at("name"), program_.site("barrier").function);
        EXPECT_EQ(thread.at("waits_for").at("parties"), 3);
        EXPECT_EQ(thread.at("waits_for").at("missing_parties"), 1);
    }
}

TEST_P(MissingParty, IsCleanWhenAllArrive) {
    expect_clean(program_);
    expect_clean(program_, "barrier_fixed");
}

}  // namespace
}  // namespace gallery
