// SPDX-License-Identifier: Apache-2.0
//
// Threads that are still there at the end of the process.
#include "analyze/leftover.h"

#include <gtest/gtest.h>

#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::LockKind;
using snapshot::Reason;
using snapshot::State;
using support::condition;
using support::frame;
using support::Frames;
using support::SnapshotBuilder;

const Frames kReceive = {
    support::libstdcxx_frame("std::condition_variable::wait(std::unique_lock<std::mutex>&)"),
    support::std_header_frame("std::condition_variable::wait<F>(std::unique_lock<std::mutex>&, F)"),
    frame("Channel<int>::receive()", "channel.hpp", 31), frame("worker(Channel<int>&)", "jobs.cpp", 12)};
const Frames kStart = {frame("start_workers(int)", "jobs.cpp", 25), frame("main", "main.cpp", 90)};

/// main calls exit; T2, T3 and T4 wait in receive.
struct IdlePool : SnapshotBuilder {
    IdlePool() {
        thread(1).ends_process();
        for (const uint32_t id : {2, 3, 4})
            thread(id).waits_on(condition(0x20 + id)).at(kReceive).created_by(1, kStart);
    }
};

TEST(Leftover, ThreadsAtTheSamePlaceAreOneFinding) {
    const IdlePool builder;

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"fact blocked: T2 T3 T4"});
    EXPECT_EQ(messages(analysis), Lines{"3 threads blocked in cond wait at Channel<int>::receive()"});
    EXPECT_EQ(applying(analysis), (Lines{"T2: blocked", "T3: blocked", "T4: blocked"}));
}

TEST(Leftover, CountsOnlyAtTheEndOfTheProcess) {
    for (const Reason reason : {Reason::kExit, Reason::kTimeout, Reason::kPostMortem}) {
        IdlePool builder;
        builder.process().reason = reason;
        EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact blocked: T2 T3 T4"});
    }
    for (const Reason reason : {Reason::kDump, Reason::kSignal, Reason::kWatch}) {
        IdlePool builder;
        builder.live(reason);
        builder.thread(5).finished();
        EXPECT_EQ(shown(analyze(builder.build())), Lines{});
        EXPECT_EQ(applying(analyze(builder.build())), Lines{});
    }
}

TEST(Leftover, MainCountsWhenAnotherThreadEndsTheProcess) {
    SnapshotBuilder builder;
    builder.thread(1).in(State::kSleep);
    builder.thread(2).ends_process();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact alive: T1"});
}

TEST(Leftover, EveryUntimedWaitInsideTheProcessIsBlocked) {
    const std::vector<LockKind> waits = {
        LockKind::kMutex,   LockKind::kRwlock, LockKind::kSpin, LockKind::kCondition, LockKind::kSemaphore,
        LockKind::kBarrier, LockKind::kThread, LockKind::kOnce, LockKind::kFutex,     LockKind::kCustom};
    for (const LockKind kind : waits) {
        SnapshotBuilder builder;
        builder.thread(2).waits_for(support::object(kind, 0x20));
        EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact blocked: T2"});

        builder.thread(2).timed(1, 2);
        EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact alive: T2"});
    }
}

TEST(Leftover, ThreadsThatTheProgramExpectsToStayAreNone) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).expected();
    builder.thread(3).finished().expected();
    builder.thread(4).waits_on(condition(0x20)).expected();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
    EXPECT_EQ(applying(analyze(builder.build())), Lines{});
    EXPECT_EQ(analyze(builder.build()).counts.blocked, 1U) << "they are counted all the same";
}

TEST(Leftover, SaysWhatItsThreadsWereCreatedFor) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).labelled("Bank.Audits");
    builder.thread(3).in(State::kSleep).labelled("Bank.Adds");
    builder.thread(4).finished().labelled("Bank.Adds").created_by(1, kStart);

    EXPECT_EQ(messages(analyze(builder.build())),
              (Lines{"2 threads still in sleep, created in Bank.Adds, Bank.Audits",
                     "1 thread finished and was never joined, created in Bank.Adds at start_workers(int)"}));
}

TEST(Leftover, EverythingElseIsAlive) {
    const std::vector<State> states = {State::kUnknown, State::kRunning,   State::kSpinning,   State::kSleep,
                                       State::kIo,      State::kChildWait, State::kSignalWait, State::kFileLock};
    for (const State state : states) {
        SnapshotBuilder builder;
        builder.thread(2).in(state).unsettled();
        EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact alive: T2"});
    }
}

TEST(Leftover, AThreadThatRunsIsNotSaidToBeWhereItWasLastKnown) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSpinning).at({frame("worker()", "jobs.cpp", 12)});
    builder.thread(3).in(State::kSpinning).at({frame("worker()", "jobs.cpp", 12)});
    snapshot::Snapshot snapshot = builder.build();
    snapshot.threads.at(1).stack_is_last_known = true;

    EXPECT_EQ(messages(analyze(snapshot)),
              (Lines{"1 thread still spinning at worker()", "1 thread still spinning, last known at worker()"}));
}

TEST(Leftover, MessagesSayWhatTheThreadsDo) {
    const Frames at = {support::libc_frame("clock_nanosleep"), frame("worker()", "jobs.cpp", 12)};
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).at(at);
    builder.thread(3).in(State::kSleep).at(at);
    builder.thread(4).in(State::kRunning).at(at);
    builder.thread(5).in(State::kUnknown);
    builder.thread(6).in_io("epoll_wait").at({support::frame_in("/usr/bin/memcached")});
    builder.thread(7).waits_on(condition(0x20)).timed(12, 30).at({support::libc_frame("pthread_cond_timedwait")});

    EXPECT_EQ(messages(analyze(builder.build())),
              (Lines{"2 threads still in sleep at worker()", "1 thread still running at worker()",
                     "1 thread still alive", "1 thread still in io epoll_wait at memcached",
                     "1 thread still in timed cond wait at pthread_cond_timedwait"}));
}

TEST(Leftover, FinishedThreadsThatNobodyJoinedAreUnjoined) {
    SnapshotBuilder builder;
    builder.thread(1).finished();
    builder.thread(2).finished().created_by(1, kStart);
    builder.thread(3).finished().created_by(1, kStart);
    builder.thread(4).finished().detached();
    builder.thread(5).joined();
    builder.thread(6).finished().detached(std::nullopt);
    builder.thread(7).ends_process();

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"fact unjoined: T2 T3"});
    EXPECT_EQ(messages(analysis), Lines{"2 threads finished and were never joined, created in start_workers(int)"});
    EXPECT_EQ(applying(analysis), (Lines{"T2: unjoined", "T3: unjoined"}));
}

TEST(Leftover, AnUnjoinedThreadThatOrphanedALockIsShownOnce) {
    SnapshotBuilder builder;
    builder.thread(2).finished().holds(support::mutex(0x20));

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"fact orphaned-lock: T2"});
    EXPECT_EQ(applying(analysis), Lines{"T2: orphaned-lock unjoined"});
}

TEST(Leftover, StrongerFindingsComeFirst) {
    IdlePool builder;
    builder.thread(5).in(State::kSleep);
    builder.thread(6).finished();
    builder.thread(7).holds(support::mutex(0x90)).waits_for(support::mutex(0x90));
    builder.thread(8).holds(support::mutex(0xa0)).waits_for(support::mutex(0xb0));
    builder.thread(9).holds(support::mutex(0xb0)).waits_for(support::mutex(0xa0));
    builder.thread(10).joined().holds(support::mutex(0xc0));

    EXPECT_EQ(shown(analyze(builder.build())),
              (Lines{"proved deadlock: T8 T9", "proved self-deadlock: T7", "fact orphaned-lock: T10",
                     "fact blocked: T2 T3 T4", "fact alive: T5", "fact unjoined: T6"}));
}

TEST(LeftoverGroups, DifferInState) {
    IdlePool builder;
    builder.thread(3).waits_for(support::object(LockKind::kSemaphore, 0x20));

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact blocked: T2 T4", "fact blocked: T3"}));
}

TEST(LeftoverGroups, DifferInTheFunctionOfTheirIo) {
    SnapshotBuilder builder;
    builder.thread(2).in_io("read");
    builder.thread(3).in_io("recv");

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact alive: T2", "fact alive: T3"}));
}

TEST(LeftoverGroups, DifferInBeingTimed) {
    SnapshotBuilder builder;
    builder.thread(2).in_io("epoll_wait");
    builder.thread(3).in_io("epoll_wait").timed(1, 2);

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact alive: T2", "fact alive: T3"}));
}

TEST(LeftoverGroups, DifferInBeingCutShort) {
    IdlePool builder;
    builder.snapshot().stacks[builder.thread(3).thread().stack].truncated = true;
    builder.snapshot().stacks[builder.thread(4).thread().stack].incomplete = true;

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact blocked: T2", "fact blocked: T3", "fact blocked: T4"}));
}

TEST(LeftoverGroups, DifferInTheLineOfTheBlockSite) {
    IdlePool builder;
    Frames elsewhere = kReceive;
    elsewhere[2].line = 32;
    builder.thread(3).at(elsewhere);

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact blocked: T2 T4", "fact blocked: T3"}));
}

TEST(LeftoverGroups, DifferInTheCreationSite) {
    IdlePool builder;
    builder.thread(4).created_by(1, {frame("main", "main.cpp", 90)});

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact blocked: T2 T3", "fact blocked: T4"}));
}

TEST(LeftoverGroups, DoNotDifferInTheCreator) {
    IdlePool builder;
    builder.thread(4).created_by(3, kStart);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact blocked: T2 T3 T4"});
}

TEST(LeftoverGroups, DoNotDifferInTheLibrarysWayToOnePlace) {
    IdlePool builder;
    Frames grown = kStart;
    grown.insert(grown.begin(),
                 support::std_header_frame("std::vector<std::thread>::_M_realloc_insert()", "vector.tcc"));
    builder.thread(5).waits_on(condition(0x25)).at(kReceive).created_by(1, grown);
    EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact blocked: T2 T3 T4 T5"});
}

TEST(LeftoverGroups, DoNotDifferInTheAddressOfOneLine) {
    IdlePool builder;
    Frames unrolled = kStart;
    unrolled[0].address += 0x30;
    unrolled[0].offset += 0x30;
    builder.thread(4).created_by(1, unrolled);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact blocked: T2 T3 T4"});
}

TEST(LeftoverGroups, DifferInTheOffsetWhereNoLineIsKnown) {
    SnapshotBuilder builder;
    builder.thread(2).at({support::frame_in("/usr/bin/xz", {}, 0x100)});
    builder.thread(3).at({support::frame_in("/usr/bin/xz", {}, 0x200)});
    builder.thread(4).at({support::frame_in("/usr/bin/xz", {}, 0x100)});

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"fact alive: T2 T4", "fact alive: T3"}));
}

}  // namespace
}  // namespace analyze
