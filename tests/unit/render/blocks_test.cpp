// SPDX-License-Identifier: Apache-2.0
//
// One block of lines for each group of threads.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using analyze::Verdict;
using report::block;
using report::finding;
using report::kWork;
using report::text;
using report::text_of_all;
using snapshot::State;
using support::frame;
using support::Frames;
using support::mutex;
using support::SnapshotBuilder;

const Frames kMain = {frame("main", "bank.cpp", 90)};

TEST(Block, HasAHeaderStackAgeAndCreation) {
    SnapshotBuilder builder;
    builder.thread(2).named("poller").in(State::kSleep).since(0.3).timed(0.6, 0.9).at(kWork).created_by(1, kMain);
    builder.thread(2).thread().age_seconds = 12;
    builder.thread(2).thread().cpu_seconds = 3;

    EXPECT_EQ(block(text(builder, {finding(Verdict::kAlive, {2})}), "T2 "), R"(
T2 "poller" [sleep, 0.3s of 0.9s, 0.6s left] tid 4243
    work()                                   bank.cpp:30
  age 12s, CPU time 3s (25%)
  created by T1 at
    main                                     bank.cpp:90
)");
}

TEST(Block, TellsParticularsInItsHeader) {
    SnapshotBuilder builder;
    builder.thread(1).tid(0).ends_process();
    builder.thread(2).detached().thread().exiting = true;
    builder.thread(3).in(State::kSleep).detached(std::nullopt);
    const std::string report = text_of_all(builder);

    EXPECT_EQ(block(report, "T1"), "\nT1 [running], ends the process\n    (no stack recorded)\n");
    EXPECT_EQ(block(report, "T2"), "\nT2 [running] tid 4243, detached, exiting\n    (no stack recorded)\n");
    EXPECT_EQ(block(report, "T3"), "\nT3 [sleep] tid 4244\n    (no stack recorded)\n");
}

TEST(Block, OfAGroupNamesItsThreads) {
    SnapshotBuilder pool;
    SnapshotBuilder mixed;
    for (uint32_t id = 2; id <= 4; ++id) {
        pool.thread(id).named("worker").in(State::kSleep).since(id).detached().at(kWork);
        mixed.thread(id).in(State::kSleep).at(kWork);
    }
    mixed.thread(2).named("first");
    mixed.thread(4).named("last").detached();

    EXPECT_EQ(block(text_of_all(pool), "3 threads"), R"(
3 threads "worker" [sleep, 2~4s]: T2, T3, T4, detached
    work()                                   bank.cpp:30
)");
    EXPECT_EQ(block(text_of_all(mixed), "3 threads"), R"(
3 threads [sleep]: T2 "first", T3, T4 "last"
    work()                                   bank.cpp:30
)");
}

TEST(Block, OfAGroupNamesEveryCreator) {
    SnapshotBuilder builder;
    for (uint32_t id = 5; id <= 7; ++id) builder.thread(id).in(State::kSleep).at(kWork).created_by(9 - id, kMain);

    EXPECT_EQ(block(text_of_all(builder), "3 threads"), R"(
3 threads [sleep]: T5, T6, T7
    work()                                   bank.cpp:30
  created by T2, T3, T4 at
    main                                     bank.cpp:90
)");
}

TEST(Block, SaysWhatItsThreadsWereCreatedForAndWhichAreExpected) {
    SnapshotBuilder builder;
    builder.thread(5).in(State::kSleep).at(kWork).created_by(1, kMain).labelled("Bank.Audits").expected();
    builder.thread(6).in(State::kSleep).at(kWork).created_by(1, kMain).labelled("Bank.Adds").expected();
    builder.thread(7).in(State::kRunning).at(kWork).labelled("Bank.Adds");

    EXPECT_EQ(block(text_of_all(builder), "2 threads"), R"(
2 threads [sleep]: T5, T6, expected to stay
    work()                                   bank.cpp:30
  created in Bank.Adds, Bank.Audits by T1 at
    main                                     bank.cpp:90
)");
    EXPECT_EQ(block(text_of_all(builder), "T7"), R"(
T7 [running] tid 4248
    work()                                   bank.cpp:30
  created in Bank.Adds
)");
}

TEST(Block, SaysWhatIsKnownOfTheCreation) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).at(kWork).created_by(1, {});
    builder.thread(3).in(State::kRunning).at(kWork).created_by(0, kMain);

    EXPECT_EQ(block(text_of_all(builder), "T2"), R"(
T2 [sleep] tid 4243
    work()                                   bank.cpp:30
  created by T1
)");
    EXPECT_EQ(block(text_of_all(builder), "T3"), R"(
T3 [running] tid 4244
    work()                                   bank.cpp:30
  created at
    main                                     bank.cpp:90
)");
}

TEST(Block, WithoutAStackNamesTheStartRoutine) {
    SnapshotBuilder builder;
    builder.post_mortem();
    builder.thread(2).last_recorded().entry(frame("worker(void*)", "jobs.cpp", 99)).created_by(1, kMain);

    EXPECT_EQ(block(text(builder, {finding(Verdict::kAlive, {2})}), "T2"), R"(
T2 [running (last recorded)] tid 4243
    (no stack recorded)
  started as
    worker(void*)                            jobs.cpp:99
  created by T1 at
    main                                     bank.cpp:90
)");
}

TEST(Block, OfAThreadThatRunsSaysHowOldItsPlaceIs) {
    SnapshotBuilder builder;
    builder.thread(2)
        .in(State::kRunning)
        .at({frame("take()", "jobs.cpp", 30)})
        .entry(frame("worker(void*)", "jobs.cpp", 9));
    snapshot::Snapshot snapshot = builder.build();
    snapshot.threads.at(0).stack_is_last_known = true;
    snapshot.threads.at(0).stack_ago_seconds = 1.5;

    const std::string report = render::text(snapshot, analyze::analyze(snapshot), {.all = true});

    EXPECT_EQ(block(report, "T2"), R"(
T2 [running] tid 4243
  last known place, 1.5s ago
    take()                                   jobs.cpp:30
)");
}

TEST(Block, OfAThreadThatRunsSinceItsStartNamesItsRoutineAndTheWayToMore) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSpinning).entry(frame("worker(void*)", "jobs.cpp", 9));
    snapshot::Snapshot snapshot = builder.build();
    snapshot.process.reason = snapshot::Reason::kDump;
    snapshot::Thread& thread = snapshot.threads.at(0);
    thread.stack = thread.entry;
    thread.stack_is_last_known = true;

    const std::string report = render::text(snapshot, analyze::analyze(snapshot), {.all = true});

    EXPECT_EQ(block(report, "T2"), R"(
T2 [spinning] tid 4243
    (no stack recorded; it runs: --stop-running shows where)
  started as
    worker(void*)                            jobs.cpp:9
)");
}

TEST(Block, OfAStackWithoutItsOuterFramesNamesTheStartRoutine) {
    SnapshotBuilder builder;
    builder.thread(2)
        .at({support::libc_frame("epoll_wait")})
        .entry(frame("worker(void*)", "jobs.cpp", 99))
        .created_by(1, kMain);
    snapshot::Snapshot snapshot = builder.build();
    snapshot.stacks[snapshot::find_thread(snapshot, 2)->stack].incomplete = true;

    const std::string report = render::text(snapshot, analyze::analyze(snapshot), {.all = true});
    EXPECT_NE(report.find("    ... (outer frames not known)\n  started as\n    worker(void*)"), std::string::npos)
        << report;
}

TEST(Block, OfAnUnjoinedThreadSaysSo) {
    SnapshotBuilder builder;
    builder.thread(2).finished().since(2).entry(frame("worker(void*)", "jobs.cpp", 99)).created_by(1, kMain);

    EXPECT_EQ(block(text(builder, {finding(Verdict::kUnjoined, {2})}), "T2"), R"(
T2 [exited, 2s ago] tid 4243
  started as
    worker(void*)                            jobs.cpp:99
  finished, but neither joined nor detached
  created by T1 at
    main                                     bank.cpp:90
)");
}

TEST(Block, OfADeadOwnerShowsWhatItNeverReleased) {
    SnapshotBuilder builder;
    builder.thread(2).named("x").finished().since(3).holds(mutex(0x10, "g_m")).held_for(3.1).acquired_at(kWork);
    builder.thread(3).waits_for(mutex(0x10, "g_m")).at(kWork);

    EXPECT_EQ(block(text(builder, {finding(Verdict::kOrphanedLock, {2, 3})}), "T2"), R"(
T2 "x" [exited, 3s ago] tid 4243
  never released mutex g_m (0x10), held for 3.1s, acquired at
    work()                                   bank.cpp:30
)");
}

TEST(Block, OfAThreadBehindAFindingSaysBehindWhich) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kMutexLock).at(kWork);
    builder.thread(3).in(State::kMutexLock).at(kMain);
    builder.thread(4).in(State::kJoin).at(kMain);
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {2, 3});
    deadlock.behind = {4};

    EXPECT_EQ(block(text(builder, {deadlock}), "T4"), R"(
T4 [join] tid 4245
    main                                     bank.cpp:90
  blocked behind the deadlock of T2, T3
)");
}

TEST(Blocks, StandInTheOrderOfTheirFindingsEachThreadOnce) {
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= 6; ++id) builder.thread(id).at({frame("at" + std::to_string(id), "a.cpp", 1)});
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {4, 2});
    deadlock.behind = {6};

    const std::string report =
        text_of_all(builder, {deadlock, finding(Verdict::kBlocked, {5, 2}), finding(Verdict::kAlive, {3})});

    std::string order;
    for (size_t at = report.find("\nT"); at != std::string::npos; at = report.find("\nT", at + 1))
        order += report.substr(at + 1, 2) + " ";
    EXPECT_EQ(order, "T4 T2 T6 T5 T3 T1 ");
}

TEST(Blocks, JoinLeftoverThreadsThatLookTheSame) {
    // given: two findings, because frames that are folded differ
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).at({support::libc_frame("usleep"), kWork[0]});
    builder.thread(3).in(State::kSleep).at({support::libc_frame("nanosleep"), kWork[0]});

    EXPECT_EQ(block(text(builder, {finding(Verdict::kAlive, {2}), finding(Verdict::kAlive, {3})}), "2 threads"), R"(
2 threads [sleep]: T2, T3
    work()                                   bank.cpp:30
)");
}

}  // namespace
