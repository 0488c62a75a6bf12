// SPDX-License-Identifier: Apache-2.0
//
// Who owns what a thread waits for.
#include "analyze/wait_for_graph.h"

#include <gtest/gtest.h>

#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::LockKind;
using snapshot::State;
using support::mutex;
using support::once_flag;
using support::rwlock;
using support::SnapshotBuilder;
using support::spin_lock;

constexpr uint64_t kLock = 0x20;

Lines owners(const SnapshotBuilder& builder, uint32_t waiter) {
    const snapshot::Snapshot snapshot = builder.build();
    return shown(owners_of_wait(snapshot, *snapshot::find_thread(snapshot, waiter)));
}

TEST(OwnersOfWait, AMutexBelongsToTheThreadThatHoldsIt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock)).holds(mutex(0x30));
    builder.thread(4).holds(mutex(0x40));

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(OwnersOfWait, TheHoldOfTheOwnerIsNamed) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(0x30)).holds(mutex(kLock));

    const snapshot::Snapshot snapshot = builder.build();
    const std::vector<Owner> owners = owners_of_wait(snapshot, snapshot.threads[0]);

    ASSERT_EQ(owners.size(), 1u);
    EXPECT_EQ(owners[0].hold, &snapshot.threads[1].holds[1]);
}

TEST(OwnersOfWait, ATimedWaitHasOwnersToo) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock)).timed(1, 2);
    builder.thread(3).holds(mutex(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(OwnersOfWait, ALentMutexHasNoOwner) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock)).lent();

    EXPECT_EQ(owners(builder, 2), Lines{});
}

TEST(OwnersOfWait, AHoldThatIsBeingReleasedIsInDoubt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock)).releasing();

    EXPECT_EQ(owners(builder, 2), Lines{"T3?"});
}

TEST(OwnersOfWait, AHoldThatIsBeingReleasedGivesWayToTheNext) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock)).releasing();
    builder.thread(4).holds(mutex(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{"T4"});
}

TEST(OwnersOfWait, ADeadOwnerGivesWayToALiveOneAtTheSameAddress) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock)).finished();
    builder.thread(4).holds(mutex(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{"T4"});
}

TEST(OwnersOfWait, TwoExclusiveOwnersAreInDoubt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock));
    builder.thread(4).holds(mutex(kLock));

    EXPECT_EQ(owners(builder, 2), (Lines{"T3?", "T4?"}));
}

// Without an unlock that anybody saw: the memory was used again, or a child of fork made the lock anew.
TEST(OwnersOfWait, OfTwoExclusiveOwnersTheLaterOneHasIt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock)).holds(mutex(kLock)).held_for(5);
    builder.thread(3).holds(mutex(kLock)).held_for(2);
    EXPECT_EQ(owners(builder, 2), Lines{"T3?"});

    builder.thread(3).hold().for_seconds = 4.995;
    EXPECT_EQ(owners(builder, 2), Lines{"T3?"}) << "the clock of holds ticks too slowly to tell, but T3 runs";
    builder.thread(3).joins(2);
    EXPECT_EQ(owners(builder, 2), (Lines{"T2?", "T3?"}));
    builder.thread(3).hold().for_seconds.reset();
    EXPECT_EQ(owners(builder, 2), (Lines{"T2?", "T3?"}));
    builder.thread(3).held_for(2).finished();
    EXPECT_EQ(owners(builder, 2), Lines{"T2"}) << "nor has a dead one it";
}

TEST(OwnersOfWait, OfAWriterAndReadersThatContradictEachOtherTheLaterOnesHaveIt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(rwlock(kLock));
    builder.thread(3).holds(rwlock(kLock)).held_for(5);
    builder.thread(4).reads(rwlock(kLock)).held_for(2);
    builder.thread(5).reads(rwlock(kLock)).held_for(3);
    EXPECT_EQ(owners(builder, 2), (Lines{"T4?", "T5?"}));

    builder.thread(3).held_for(1);
    EXPECT_EQ(owners(builder, 2), Lines{"T3?"});
    builder.thread(3).held_for(2.5);
    EXPECT_EQ(owners(builder, 2), Lines{"T4?"});
}

TEST(OwnersOfWait, AnotherKindOfLockAtTheSameAddressIsAnotherLock) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).reads(rwlock(kLock));
    builder.thread(4).holds(once_flag(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{});
}

TEST(OwnersOfWait, AWriterWaitsForEveryReaderItselfIncluded) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(rwlock(kLock)).reads(rwlock(kLock));
    builder.thread(3).reads(rwlock(kLock));
    builder.thread(4).reads(rwlock(kLock));

    EXPECT_EQ(owners(builder, 2), (Lines{"T2", "T3", "T4"}));
}

TEST(OwnersOfWait, AReaderWaitsForTheWriterOnly) {
    SnapshotBuilder builder;
    builder.thread(2).waits_to_read(rwlock(kLock));
    builder.thread(3).holds(rwlock(kLock));
    builder.thread(4).waits_for(rwlock(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(OwnersOfWait, AReaderDoesNotWaitForReaders) {
    SnapshotBuilder builder;
    builder.thread(2).waits_to_read(rwlock(kLock));
    builder.thread(3).reads(rwlock(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{});
}

TEST(OwnersOfWait, AReaderOfALockOfTheProgramsOwnWaitsForTheWriterOnly) {
    const snapshot::Object own = support::object(LockKind::kCustom, kLock);
    SnapshotBuilder builder;
    builder.thread(2).waits_to_share(own);
    builder.thread(3).reads(own);
    builder.thread(4).waits_for(own);

    EXPECT_EQ(owners(builder, 2), Lines{});
    EXPECT_EQ(owners(builder, 4), Lines{"T3"});

    builder.thread(5).holds(own);
    EXPECT_EQ(owners(builder, 2), Lines{"T5?"});
}

TEST(OwnersOfWait, WhereWritersGoFirstAReaderWaitsForQueuedOnes) {
    SnapshotBuilder builder;
    builder.thread(2).waits_to_read(rwlock(kLock), true);
    builder.thread(3).reads(rwlock(kLock));
    builder.thread(4).waits_for(rwlock(kLock));
    builder.thread(5).waits_for(rwlock(0x30));

    EXPECT_EQ(owners(builder, 2), Lines{"T4 (queued)"});
}

TEST(OwnersOfWait, AJoinWaitsForTheJoinedThread) {
    SnapshotBuilder builder;
    builder.thread(1).joins(2);
    builder.thread(2);

    EXPECT_EQ(owners(builder, 1), Lines{"T2 (no hold)"});
}

TEST(OwnersOfWait, AJoinOfAFinishedOrUnknownThreadHasNoOwner) {
    SnapshotBuilder builder;
    builder.thread(1).joins(2);
    builder.thread(2).finished();
    builder.thread(3).joins(9);

    EXPECT_EQ(owners(builder, 1), Lines{});
    EXPECT_EQ(owners(builder, 3), Lines{});
}

TEST(OwnersOfWait, AOnceWaitsForTheThreadThatRunsIt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(once_flag(kLock));
    builder.thread(3).holds(once_flag(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(OwnersOfWait, ASpinLockBelongsToTheThreadThatHoldsIt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(spin_lock(kLock));
    builder.thread(3).holds(spin_lock(kLock));

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(OwnersOfWait, WhatHasNoOwnerHasNone) {
    SnapshotBuilder builder;
    builder.thread(2).waits_on(support::condition(kLock), mutex(0x30));
    builder.thread(3).holds(mutex(0x30)).holds(mutex(kLock));
    builder.thread(4).waits_for(support::object(snapshot::LockKind::kSemaphore, kLock));
    builder.thread(5).waits_for(support::object(snapshot::LockKind::kFutex, kLock));
    builder.thread(6).in(State::kSleep);
    builder.thread(7).waits_for(mutex(0));
    builder.thread(8).holds(mutex(0));

    for (const uint32_t waiter : {2, 3, 4, 5, 6, 7}) EXPECT_EQ(owners(builder, waiter), Lines{}) << waiter;
}

TEST(LibcsMemory, AgreesWithTheRecord) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock));
    builder.libc_says(mutex(kLock), 3);

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(LibcsMemory, WinsOverTheRecord) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock));
    builder.thread(4);
    builder.libc_says(mutex(kLock), 4);

    EXPECT_EQ(owners(builder, 2), Lines{"T4 (no hold)"});
}

TEST(LibcsMemory, ChoosesBetweenTwoRecordedOwners) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock));
    builder.thread(4).holds(mutex(kLock));
    builder.libc_says(mutex(kLock), 4);

    EXPECT_EQ(owners(builder, 2), Lines{"T4"});
}

TEST(LibcsMemory, NamesAnOwnerThatTheRecordLacks) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3);
    builder.libc_says(mutex(kLock), 3);

    EXPECT_EQ(owners(builder, 2), Lines{"T3 (no hold)"});
}

TEST(LibcsMemory, AFreeMutexCastsDoubtOnItsRecordedOwner) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock));
    builder.libc_says(mutex(kLock), std::nullopt, 0);

    EXPECT_EQ(owners(builder, 2), Lines{"T3?"});
}

TEST(LibcsMemory, MayNameAnOwnerThatIsNoThreadOfTheSnapshot) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock));
    builder.libc_says(mutex(kLock), std::nullopt, 99999);

    EXPECT_EQ(owners(builder, 2), Lines{"T0 (no hold)"});
}

TEST(LibcsMemory, AgreesWithADeadOwnerWhoseNumberLeadsNowhere) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(kLock));
    builder.thread(3).holds(mutex(kLock)).finished().tid(0);
    builder.libc_says(mutex(kLock), std::nullopt, 77);

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(LibcsMemory, WithoutAWriterLeavesTheReaders) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(rwlock(kLock));
    builder.thread(3).reads(rwlock(kLock));
    builder.libc_says(rwlock(kLock), std::nullopt, 0);

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

TEST(LibcsMemory, AWriterExcludesRecordedReaders) {
    SnapshotBuilder builder;
    builder.thread(2).waits_to_read(rwlock(kLock));
    builder.thread(3).reads(rwlock(kLock));
    builder.thread(4);
    builder.libc_says(rwlock(kLock), 4);

    EXPECT_EQ(owners(builder, 2), Lines{"T4 (no hold)"});
}

TEST(LibcsMemory, MayCallARecordedReaderTheWriter) {
    SnapshotBuilder builder;
    builder.thread(2).waits_to_read(rwlock(kLock));
    builder.thread(3).reads(rwlock(kLock));
    builder.libc_says(rwlock(kLock), 3);

    EXPECT_EQ(owners(builder, 2), Lines{"T3 (no hold)"});
}

TEST(LibcsMemory, SaysNothingOfSpinLocks) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(spin_lock(kLock));
    builder.thread(3).holds(spin_lock(kLock));
    builder.libc_says(spin_lock(kLock), std::nullopt, 0);

    EXPECT_EQ(owners(builder, 2), Lines{"T3"});
}

}  // namespace
}  // namespace analyze
