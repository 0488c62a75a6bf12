// SPDX-License-Identifier: Apache-2.0
//
// The primitives whose waits and owners are special: what is published of them, and what the report of
// a program that hangs in them says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/parameter_names.h"
#include "tests/support/report.h"
#include "tests/targets/recorded_program.h"

namespace {

using protocol::Hold;
using protocol::HoldState;
using protocol::LockKind;
using protocol::ThreadRecord;
using protocol::WaitKind;
using report::Json;
using report::Site;
using support::RawRecording;
using support::RecordedProgram;

std::vector<const Hold*> holds_of(const ThreadRecord& thread) {
    std::vector<const Hold*> holds;
    for (const Hold& hold : thread.holds) {
        if (hold.state != HoldState::kFree) holds.push_back(&hold);
    }
    return holds;
}

class LeftInitializer : public testing::TestWithParam<const char*> {};

TEST_P(LeftInitializer, IsNobodysAnyMore) {
    RecordedProgram recorded({ONCE_ENDS, GetParam()});
    const uint32_t tid = support::said_number(recorded.program(), "out");

    const RawRecording raw(recorded.recordings().back());
    const ThreadRecord* const thread = raw.thread_of(tid);
    ASSERT_NE(thread, nullptr);
    EXPECT_EQ(holds_of(*thread).size(), 0U);
    EXPECT_EQ(thread->wait.kind, WaitKind::kNone);
    EXPECT_EQ(thread->sequence % 2, 0U);
}

INSTANTIATE_TEST_SUITE_P(By, LeftInitializer,
                         testing::Values("throw", "throw-deep", "cancel", "exit", "create", "fork", "handler",
                                         "local-exit", "local-fork"),
                         support::word_of_parameter);

class NestedInitializer : public testing::TestWithParam<const char*> {};

TEST_P(NestedInitializer, ThatThrowsLeavesTheOuterOneToItsOwner) {
    RecordedProgram recorded({ONCE_ENDS, GetParam()});
    const uint32_t tid = support::said_number(recorded.program(), "in");

    const RawRecording raw(recorded.first_recording());
    const ThreadRecord* const thread = raw.thread_of(tid);
    ASSERT_NE(thread, nullptr);
    const std::vector<const Hold*> holds = holds_of(*thread);
    ASSERT_EQ(holds.size(), 1U);
    EXPECT_EQ(holds[0]->kind, LockKind::kOnce);
    EXPECT_EQ(holds[0]->state, HoldState::kHeld);
    EXPECT_EQ(holds[0]->detail, 1U);
}

INSTANTIATE_TEST_SUITE_P(Of, NestedInitializer, testing::Values("throw-in-nested", "local-throw"),
                         support::word_of_parameter);

/// libc waits for it for ever: nobody but its thread has it.
TEST(NestedInitializerLeftByAJump, StaysWithItsOwnerWhenTheOuterOneIsLeft) {
    RecordedProgram recorded({ONCE_ENDS, "exit-after-jump"});
    const uint32_t tid = support::said_number(recorded.program(), "out");

    const RawRecording raw(recorded.first_recording());
    const ThreadRecord* const thread = raw.thread_of(tid);
    ASSERT_NE(thread, nullptr);
    const std::vector<const Hold*> holds = holds_of(*thread);
    ASSERT_EQ(holds.size(), 1U);
    EXPECT_EQ(holds[0]->kind, LockKind::kOnce);
    EXPECT_EQ(holds[0]->detail, 2U) << "the nested one";
}

TEST(WaitForAnInitializer, IsPublishedAgainAfterAHandlerThatRanAnother) {
    RecordedProgram recorded({ONCE_ENDS, "in-handler"});
    const uint32_t owner_tid = support::said_number(recorded.program(), "in");

    const RawRecording raw(recorded.first_recording());
    const ThreadRecord& owner = *raw.thread_of(owner_tid);
    const ThreadRecord& waiter = *raw.numbered(2);
    ASSERT_EQ(holds_of(owner).size(), 1U);
    EXPECT_EQ(holds_of(waiter).size(), 0U);
    EXPECT_EQ(waiter.wait.kind, WaitKind::kOnce);
    EXPECT_EQ(waiter.wait.object, holds_of(owner)[0]->address);
}

class SharedObject : public testing::TestWithParam<const char*> {
protected:
    static uint32_t wakers(const std::string& what, const std::string& when) {
        RecordedProgram recorded({SHARED_OBJECT, what, when}, "", support::Begins::kWhenNeeded);
        EXPECT_TRUE(recorded.program().await_output("ready"));
        return RawRecording(recorded.first_recording()).head().wakers;
    }
};

TEST_P(SharedObject, IsNotedBeforeAndAfterTheRecordingIsMade) {
    EXPECT_EQ(wakers(GetParam(), "early"), protocol::kWakerShared);
    EXPECT_EQ(wakers(GetParam(), "late"), protocol::kWakerShared);
    const std::string what = GetParam();
    if (what != "named-semaphore") {
        EXPECT_EQ(wakers("private-" + what, "early"), 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, SharedObject,
                         testing::Values("mutex", "rwlock", "condition", "barrier", "spin", "semaphore",
                                         "named-semaphore"),
                         support::word_of_parameter);

class RobustMutex : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(RobustMutex, OfAThreadThatEndedIsNoOrphan) {
    const auto [way, said] = GetParam();
    const support::Outcome bare = support::run({{ROBUST_MUTEX, way}});
    ASSERT_EQ(bare.output, said);

    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {}, {{ROBUST_MUTEX, way}});

    EXPECT_EQ(observed.outcome.output, said);
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(report::verdicts(observed.reports[0]), std::vector<std::string>());
    EXPECT_EQ(observed.reports[0]["losses"], (Json{{"threads", 0}, {"holds", 0}, {"stacks", 0}}));
}

INSTANTIATE_TEST_SUITE_P(
    Way, RobustMutex,
    testing::Values(std::pair{"taken", "EOWNERDEAD\nEOWNERDEAD\nlocked\nEOWNERDEAD\n"}, std::pair{"left", ""},
                    std::pair{"dropped", "EOWNERDEAD\nEOWNERDEAD\nENOTRECOVERABLE\nENOTRECOVERABLE\n"}),
    [](const auto& way) { return std::string(way.param.first); });

/// The report of `stuck SITUATION`, which hangs until the time is up; the program's own process.
Json report_of(const std::string& situation) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "gate", {"--timeout", "2s"}, {{STUCK_PROGRAM, situation}});
    EXPECT_EQ(observed.outcome.status, 86) << observed.outcome.errors;
    for (const Json& one : observed.reports) {
        if (one["process"]["reason"] == "timeout") return one;
    }
    ADD_FAILURE() << observed.outcome.errors;
    return {};
}

Site site(const char* key) {
    return report::site_of(STUCK_SOURCE, key);
}

const Json& only_owner(const Json& thread) {
    const Json& owners = thread["waits_for"]["owners"];
    EXPECT_EQ(owners.size(), 1U);
    return owners.at(0);
}

TEST(Stuck, SpinLockNamesItsOwner) {
    const Json json = report_of("spin");

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"deadlock proved"});
    const Json& waiter = report::thread(json, 2);
    EXPECT_EQ(waiter["state"], "spin lock");
    EXPECT_EQ(waiter["waits_for"]["kind"], "spin lock");
    EXPECT_EQ(waiter["waits_for"]["name"], "g_spin");
    EXPECT_TRUE(report::starts_at(waiter["stack"], site("spin wait")));
    EXPECT_EQ(only_owner(waiter)["thread"], 1);
    EXPECT_TRUE(report::starts_at(only_owner(waiter)["acquired_at"], site("spin hold")));
}

TEST(Stuck, SpinLockOfAnExitedThreadIsAnOrphan) {
    const Json json = report_of("spin-of-exited-thread");

    const std::vector<Json> orphans = report::findings(json, "orphaned-lock");
    ASSERT_EQ(orphans.size(), 1U);
    EXPECT_EQ(orphans[0]["certainty"], "proved");
    EXPECT_EQ(report::threads_of(orphans[0]), (std::set<int>{2, 3}));
    EXPECT_EQ(report::thread(json, 3)["state"], "spin lock");
}

TEST(Stuck, BarrierThatNobodyElseComesTo) {
    const Json json = report_of("barrier");

    for (const int id : {2, 3}) {
        const Json& waiter = report::thread(json, id);
        EXPECT_EQ(waiter["state"], "barrier");
        EXPECT_EQ(waiter["waits_for"]["kind"], "barrier");
        EXPECT_EQ(waiter["waits_for"]["name"], "g_barrier");
        EXPECT_EQ(waiter["waits_for"]["owners"], Json::array());
        EXPECT_TRUE(report::starts_at(waiter["stack"], site("barrier")));
    }
    for (const char* const verdict : {"deadlock", "self-deadlock", "orphaned-lock"}) {
        EXPECT_TRUE(report::findings(json, verdict).empty()) << verdict;
    }
}

TEST(Stuck, CrossedInitializersAreADeadlock) {
    const Json json = report_of("crossed-once");

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"deadlock proved"});
    const Json& left = report::thread(json, 1);
    const Json& right = report::thread(json, 2);
    EXPECT_EQ(left["state"], "once");
    EXPECT_EQ(right["state"], "once");
    EXPECT_EQ(left["waits_for"]["name"], "g_right");
    EXPECT_TRUE(report::starts_at(left["stack"], site("left wait")));
    EXPECT_TRUE(report::starts_at(only_owner(left)["acquired_at"], site("right hold")));
    EXPECT_TRUE(report::starts_at(only_owner(right)["acquired_at"], site("left hold")));
    for (const Json& frame : left["stack"])
        EXPECT_EQ(report::text_of(frame["module"]).find("libloiter"), std::string::npos);
}

TEST(Stuck, InitializerThatNeedsItselfIsASelfDeadlock) {
    const Json json = report_of("own-once");

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"self-deadlock proved"});
    const Json& thread = report::thread(json, 1);
    EXPECT_EQ(thread["state"], "once");
    EXPECT_EQ(thread["waits_for"]["name"], "g_flag");
    EXPECT_TRUE(report::starts_at(thread["stack"], site("own flag")));
}

TEST(Stuck, CrossedStaticLocalsAreADeadlock) {
    const Json json = report_of("crossed-locals");

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"deadlock proved"});
    const Json& left = report::thread(json, 1);
    const Json& right = report::thread(json, 2);
    EXPECT_EQ(left["state"], "once");
    EXPECT_EQ(right["state"], "once");
    EXPECT_EQ(left["waits_for"]["kind"], "once");
    EXPECT_NE(report::text_of(left["waits_for"]["name"]).find("kRight"), std::string::npos) << left["waits_for"];
    EXPECT_TRUE(report::starts_at(left["stack"], site("right local")));
    EXPECT_TRUE(report::starts_at(only_owner(left)["acquired_at"], site("right local")));
    EXPECT_TRUE(report::starts_at(only_owner(right)["acquired_at"], site("left local")));
}

TEST(Stuck, StaticLocalThatNeedsItselfIsASelfDeadlock) {
    const Json json = report_of("own-local");

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"self-deadlock proved"});
    const Json& thread = report::thread(json, 1);
    EXPECT_EQ(thread["state"], "once");
    EXPECT_TRUE(report::starts_at(thread["stack"], site("own local")));
    EXPECT_TRUE(report::starts_at(only_owner(thread)["acquired_at"], site("own local")));
}

/// libstdc++ throws where the compiler expects nothing to be thrown.
TEST(StaticLocals, OfALibraryThatOnlyItsOpenerSeesMayNotNeedThemselves) {
    const support::Command command{{LOCALS_OPENER, LOCALS_LIBRARY, "needs_itself"}};
    const support::Outcome bare = support::run(command);
    ASSERT_EQ(bare.status, 128 + SIGABRT);
    ASSERT_THAT(bare.errors, testing::HasSubstr("recursive_init_error"));

    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {"--timeout", "20s"}, command);

    EXPECT_EQ(observed.outcome.status, bare.status);
    EXPECT_THAT(observed.outcome.errors, testing::HasSubstr("recursive_init_error"));
}

TEST(StaticLocals, OfALibraryThatOnlyItsOpenerSeesAreInitializedOnce) {
    const support::Command command{{LOCALS_OPENER, LOCALS_LIBRARY, "race"}};
    const support::Outcome bare = support::run(command);
    ASSERT_EQ(bare.output, "once each\n");

    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {}, command);

    EXPECT_EQ(observed.outcome.output, bare.output);
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
}

TEST(StaticLocals, OfALibraryThatOnlyItsOpenerSeesHaveOwners) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "gate", {"--timeout", "2s"}, {{LOCALS_OPENER, LOCALS_LIBRARY, "crossed"}});

    ASSERT_EQ(observed.reports.size(), 1U);
    const Json& json = observed.reports[0];
    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"deadlock proved"});
    for (const int id : {1, 2}) {
        EXPECT_EQ(report::thread(json, id)["state"], "once");
        EXPECT_EQ(only_owner(report::thread(json, id))["thread"], 3 - id);
    }
}

TEST(Stuck, MutexesOfC11AreMutexes) {
    const Json json = report_of("c11-mutexes");

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"deadlock proved"});
    EXPECT_EQ(report::thread(json, 1)["state"], "mutex lock");
    EXPECT_TRUE(report::starts_at(report::thread(json, 1)["stack"], site("first wait")));
    EXPECT_TRUE(report::starts_at(report::thread(json, 2)["stack"], site("second wait")));
    EXPECT_EQ(only_owner(report::thread(json, 1))["thread"], 2);
}

class OddMutex : public testing::TestWithParam<const char*> {};

TEST_P(OddMutex, HasItsOwner) {
    const Json json = report_of(GetParam());

    EXPECT_EQ(report::verdicts(json), std::vector<std::string>{"deadlock proved"});
    const Json& waiter = report::thread(json, 2);
    EXPECT_EQ(waiter["state"], "mutex lock");
    EXPECT_TRUE(report::starts_at(waiter["stack"], site("odd wait")));
    EXPECT_EQ(only_owner(waiter)["thread"], 1);
}

INSTANTIATE_TEST_SUITE_P(Kind, OddMutex, testing::Values("priority-inheriting", "robust"), support::word_of_parameter);

TEST(Stuck, MutexThatAnotherProcessHoldsAccusesNobodyHere) {
    const Json json = report_of("shared");

    for (const char* const verdict : {"deadlock", "self-deadlock", "orphaned-lock"}) {
        EXPECT_TRUE(report::findings(json, verdict).empty()) << verdict;
    }
    const Json& waiter = report::thread(json, 2);
    EXPECT_EQ(waiter["state"], "mutex lock");
    EXPECT_TRUE(report::starts_at(waiter["stack"], site("odd wait")));
    for (const Json& owner : waiter["waits_for"]["owners"])
        EXPECT_TRUE(owner["thread"].is_null() || !owner["pid"].is_null()) << "a thread of that process: " << owner;
}

}  // namespace
