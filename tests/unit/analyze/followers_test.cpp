// SPDX-License-Identifier: Apache-2.0
//
// Threads that only wait behind a finding.
#include <gtest/gtest.h>

#include "analyze/finding.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::mutex;
using support::rwlock;
using support::SnapshotBuilder;

/// T2 and T3 in opposite order, at the end of the process.
struct Deadlocked : SnapshotBuilder {
    Deadlocked() {
        ended(snapshot::Reason::kTimeout, snapshot::End::kAlive, std::nullopt);
        thread(2).holds(mutex(0x20)).waits_for(mutex(0x30));
        thread(3).holds(mutex(0x30)).waits_for(mutex(0x20));
    }
};

TEST(Followers, MainThatJoinsADeadlockedThreadIsNoFindingOfItsOwn) {
    Deadlocked builder;
    builder.thread(1).joins(2);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T2 T3, behind: T1"});
    EXPECT_EQ(applying(analysis), (Lines{"T1: blocked", "T2: deadlock blocked", "T3: deadlock blocked"}));
}

TEST(Followers, FollowThroughEveryKindOfEdge) {
    Deadlocked builder;
    builder.thread(2).reads(rwlock(0x40)).holds(support::once_flag(0x50));
    builder.thread(4).waits_for(mutex(0x20)).holds(mutex(0x60));
    builder.thread(5).waits_for(mutex(0x60));
    builder.thread(6).waits_for(rwlock(0x40));
    builder.thread(7).waits_to_read(rwlock(0x40), true);
    builder.thread(8).waits_for(support::once_flag(0x50));
    builder.thread(9).joins(8);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3, behind: T4 T5 T6 T7 T8 T9"});
}

TEST(Followers, BehindASelfDeadlock) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).joins(2);
    builder.thread(2).holds(mutex(0x20)).waits_for(mutex(0x20));

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved self-deadlock: T2, behind: T1"});
}

TEST(Followers, ATimedWaitFollowsNobody) {
    Deadlocked builder;
    builder.thread(4).waits_for(mutex(0x20)).timed(1, 2);

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"proved deadlock: T2 T3", "fact alive: T4"}));
}

TEST(Followers, AWaitWithoutAnOwnerFollowsNobody) {
    Deadlocked builder;
    builder.thread(1).waits_on(support::condition(0x70), mutex(0x80));

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"proved deadlock: T2 T3", "fact blocked: T1"}));
}

TEST(Followers, AThreadBehindTwoFindingsIsListedBehindTheStronger) {
    Deadlocked builder;
    builder.thread(2).reads(rwlock(0x40));
    builder.thread(4).reads(rwlock(0x40)).holds(mutex(0x90)).waits_for(mutex(0x90));
    builder.thread(5).waits_for(rwlock(0x40));

    EXPECT_EQ(shown(analyze(builder.build())),
              (Lines{"proved deadlock: T2 T3, behind: T5", "proved self-deadlock: T4"}));
}

TEST(Followers, MayWaitBehindALikelyFindingToo) {
    Deadlocked builder;
    builder.thread(1).joins(2);
    builder.foreign_unlocked(mutex(0x20));

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely deadlock: T2 T3, behind: T1"});
    EXPECT_EQ(applying(analysis), (Lines{"T1: blocked", "T2: blocked", "T3: blocked"}));
}

TEST(Followers, NeedNotBeSeenAtRest) {
    Deadlocked builder;
    builder.live();
    builder.thread(4).waits_for(mutex(0x20)).unsettled();

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3, behind: T4"});
}

}  // namespace
}  // namespace analyze
