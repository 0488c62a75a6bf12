// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "analyze/finding.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::mutex;
using support::SnapshotBuilder;

const snapshot::Object kMutex = mutex(0x20, "g_mutex");

/// T2 took the mutex and exited, T3 waits for it; seen live.
struct DeadOwner : SnapshotBuilder {
    DeadOwner() {
        live();
        thread(1);
        thread(2).holds(kMutex).joined();
        thread(3).waits_for(kMutex);
    }
};

TEST(OrphanedLock, IsOneWhoseOwnerHasExited) {
    const DeadOwner builder;

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved orphaned-lock: T2 T3"});
    EXPECT_EQ(messages(analysis), Lines{"T3 waits for mutex g_mutex, which T2 took and never released: T2 has exited"});
}

TEST(OrphanedLock, IsOneFindingForAllItsWaiters) {
    DeadOwner builder;
    builder.thread(4).waits_for(kMutex);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved orphaned-lock: T2 T3 T4"});
    EXPECT_EQ(messages(analysis),
              Lines{"T3 and T4 wait for mutex g_mutex, which T2 took and never released: T2 has exited"});
}

TEST(OrphanedLock, IsOneFindingEachForTheLocksOfOneThread) {
    DeadOwner builder;
    builder.thread(2).holds(mutex(0x30));
    builder.thread(4).waits_for(mutex(0x30));
    builder.thread(5).waits_for(mutex(0x30)).unsettled();

    EXPECT_EQ(shown(analyze(builder.build())),
              (Lines{"proved orphaned-lock: T2 T3", "proved orphaned-lock: T2 T4, behind: T5"}));
}

TEST(OrphanedLock, MayBelongToAThreadThatLibcAloneNames) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).finished();
    builder.thread(3).waits_for(kMutex);
    builder.libc_says(kMutex, 2);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved orphaned-lock: T2 T3"});
}

TEST(OrphanedLock, IsOnlyLikelyWhenNobodySawItsOwner) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).finished().holds(kMutex).thread().presumed = true;
    builder.thread(3).waits_for(kMutex);
    builder.libc_says(kMutex, 2);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely orphaned-lock: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"T3 waits for mutex g_mutex, which T2 took and never released: T2 has exited; not proved: "
                    "T2 was never seen: only the lock's memory names it"});

    builder.post_mortem();
    builder.thread(3).timed(1, 2);
    for (const std::string& line : shown(analyze(builder.build()))) {
        EXPECT_EQ(line.find("orphaned-lock"), std::string::npos) << line << ": no fact, without a waiter";
    }
}

TEST(OrphanedLock, IsNoneWhileTheWaitIsTimed) {
    DeadOwner builder;
    builder.thread(3).timed(1, 2);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoneForAWaiterThatWasNotSeenAtRest) {
    DeadOwner builder;
    builder.thread(3).unsettled();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoneWhileItsHoldIsBeingReleased) {
    DeadOwner builder;
    builder.thread(2).releasing();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoneWhenLibcSaysThatItIsFree) {
    DeadOwner builder;
    builder.libc_says(kMutex, std::nullopt, 0);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoneWhenTheKernelGivesItToTheNext) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).finished();
    builder.thread(3).waits_for(kMutex);
    builder.libc_says(kMutex, 2);
    builder.snapshot().lock_memory.at(kMutex.address).outlives_owner = true;

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoneWhenALiveThreadHasIt) {
    DeadOwner builder;
    builder.thread(4).holds(kMutex);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoneWhenALiveThreadIsAboutToReleaseIt) {
    DeadOwner builder;
    builder.thread(4).holds(kMutex).releasing();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsOnlyLikelyAfterAForeignUnlock) {
    DeadOwner builder;
    builder.foreign_unlocked(kMutex);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely orphaned-lock: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"T3 waits for mutex g_mutex, which T2 took and never released: T2 has exited; not proved: "
                    "mutex g_mutex was once unlocked by a thread that did not own it"});
}

TEST(OrphanedLock, IsOnlyLikelyWhenAllItsWaitersAreTorn) {
    DeadOwner builder;
    builder.thread(3).torn();
    EXPECT_EQ(shown(analyze(builder.build())), Lines{"likely orphaned-lock: T2 T3"});

    builder.thread(4).waits_for(kMutex);
    builder.thread(5).waits_for(kMutex).torn();
    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved orphaned-lock: T2 T3 T4 T5"});
}

TEST(OrphanedLock, ADeadReaderKeepsEveryWriterOut) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).reads(kTable).finished();
    builder.thread(3).reads(kTable);
    builder.thread(4).waits_for(kTable);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved orphaned-lock: T2 T4"});
}

TEST(OrphanedLock, SeveralDeadReadersAreListedFirst) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).waits_for(kTable);
    builder.thread(3).reads(kTable).finished();
    builder.thread(4).reads(kTable).finished();

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved orphaned-lock: T3 T4 T2"});
    EXPECT_EQ(messages(analysis), Lines{"T2 waits for rwlock g_table, which T3 and T4 took and never released: "
                                        "they have exited"});
}

TEST(OrphanedLock, ADeadWriterKeepsReadersAndWritersOut) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).holds(kTable).finished();
    builder.thread(3).waits_for(kTable);
    builder.thread(4).waits_to_read(kTable);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved orphaned-lock: T2 T3 T4"});
}

TEST(OrphanedLock, ThreadsBehindItsWaitersFollow) {
    DeadOwner builder;
    builder.thread(1).joins(4);
    builder.thread(4).waits_for(mutex(0x30));
    builder.thread(3).holds(mutex(0x30));

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved orphaned-lock: T2 T3, behind: T1 T4"});
}

TEST(OrphanedLock, WithoutAWaiterIsNoFindingWhileTheProcessLives) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).holds(kMutex).finished();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, WithoutAWaiterIsAFactAtTheEnd) {
    SnapshotBuilder builder;
    builder.thread(1).ends_process();
    builder.thread(2).holds(kMutex).joined();

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"fact orphaned-lock: T2"});
    EXPECT_EQ(messages(analysis), Lines{"T2 took mutex g_mutex and never released it: T2 has exited"});
    EXPECT_EQ(applying(analysis), Lines{"T2: orphaned-lock"});
}

TEST(OrphanedLock, OfSeveralDeadReadersIsOneFact) {
    SnapshotBuilder builder;
    builder.thread(2).reads(kTable).joined();
    builder.thread(3).reads(kTable).joined();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact orphaned-lock: T2 T3"});
}

TEST(OrphanedLock, WithAWaiterAtTheEndIsProvedOnce) {
    DeadOwner builder;
    builder.thread(1).ends_process();
    builder.ended(snapshot::Reason::kExit, snapshot::End::kExit, 0);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved orphaned-lock: T2 T3"});
    EXPECT_EQ(applying(analysis), (Lines{"T2: orphaned-lock", "T3: orphaned-lock blocked"}));
}

TEST(OrphanedLock, AtTheEndIsAFactEvenWhenItsWaiterWasNotSeenAtRest) {
    DeadOwner builder;
    builder.thread(1).ends_process();
    builder.thread(3).unsettled();
    builder.ended(snapshot::Reason::kExit, snapshot::End::kExit, 0);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"fact orphaned-lock: T2, behind: T3"});
}

TEST(OrphanedLock, IsNoFactOfAHoldThatWasLentOrBeingReleased) {
    SnapshotBuilder builder;
    builder.thread(2).holds(kMutex).lent().joined();
    builder.thread(3).holds(mutex(0x30)).releasing().joined();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoFactWhenLibcDisagrees) {
    SnapshotBuilder builder;
    builder.thread(1).ends_process();
    builder.thread(2).holds(kMutex).joined();
    builder.thread(3).holds(mutex(0x30)).joined();
    builder.libc_says(kMutex, std::nullopt, 0).libc_says(mutex(0x30), 1);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(OrphanedLock, IsNoFactOfAOnce) {
    SnapshotBuilder builder;
    builder.thread(2).holds(support::once_flag(0x80)).joined();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

}  // namespace
}  // namespace analyze
