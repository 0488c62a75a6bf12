// SPDX-License-Identifier: Apache-2.0
//
// The blocks that say what is wrong.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using analyze::Certainty;
using analyze::Verdict;
using report::block;
using report::finding;
using report::text;
using support::frame;
using support::mutex;
using support::rwlock;
using support::SnapshotBuilder;

TEST(Headline, OfADeadlockHasALineForEachThread) {
    SnapshotBuilder builder;
    builder.thread(2).named("a").waits_for(mutex(0x20, "g_long_name")).holds(mutex(0x10));
    builder.thread(3).joins(4).holds(mutex(0x20, "g_long_name"));
    builder.thread(4).named("runner").waits_for(support::once_flag(0x30));
    builder.thread(5).waits_for(mutex(0x10)).holds(support::once_flag(0x30));
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {2, 3, 4, 5});
    deadlock.behind = {7, 8};

    EXPECT_EQ(block(text(builder, {deadlock}), "DEADLOCK"), R"(
DEADLOCK: 4 threads wait for each other
  T2 "a"      waits for mutex g_long_name, held by T3
  T3          waits for T4 to end
  T4 "runner" waits for once 0x30,         run by T5
  T5          waits for mutex 0x10,        held by T2
  also stuck behind it: T7, T8
)");
}

TEST(Headline, OfADeadlockNamesEveryReaderInIt) {
    SnapshotBuilder builder;
    const snapshot::Object lock = rwlock(0x10, "g_rw");
    builder.thread(2).waits_for(lock).reads(lock);
    builder.thread(3).waits_for(lock).reads(lock);
    builder.thread(4).reads(lock);

    EXPECT_EQ(block(text(builder, {finding(Verdict::kDeadlock, {2, 3})}), "DEADLOCK"), R"(
DEADLOCK: 2 threads wait for each other
  T2 waits for rwlock g_rw, held by T2, T3
  T3 waits for rwlock g_rw, held by T2, T3
)");
}

TEST(Headline, OfADeadlockTellsAQueuedWriterFromAnOwner) {
    SnapshotBuilder builder;
    const snapshot::Object lock = rwlock(0x10, "g_rw");
    builder.thread(2).reads(lock).waits_for(mutex(0x20, "g_m"));
    builder.thread(3).waits_for(lock);
    builder.thread(4).waits_to_read(lock, true).holds(mutex(0x20, "g_m"));

    EXPECT_EQ(block(text(builder, {finding(Verdict::kDeadlock, {2, 4, 3})}), "DEADLOCK"), R"(
DEADLOCK: 3 threads wait for each other
  T2 waits for mutex g_m,   held by T4
  T4 waits for rwlock g_rw, wanted first by T3
  T3 waits for rwlock g_rw, held by T2
)");
}

TEST(Headline, OfALongDeadlockIsCut) {
    SnapshotBuilder builder;
    std::vector<uint32_t> ring;
    for (uint32_t id = 1; id <= 20; ++id) {
        builder.thread(id).waits_for(mutex(0x100 + id % 20)).holds(mutex(0x100 + id - 1));
        ring.push_back(id);
    }

    const std::string lines = block(text(builder, {finding(Verdict::kDeadlock, ring)}), "DEADLOCK");

    EXPECT_EQ(lines.substr(lines.find("  T11 ")), R"(  T11 waits for mutex 0x10b, held by T12
  T12 waits for mutex 0x10c, held by T13
  ... and 8 more
)");
}

TEST(Headline, OfALikelyDeadlockSaysWhyItIsNotProved) {
    SnapshotBuilder builder;
    const snapshot::Object first = mutex(0x10, "g_a");
    const snapshot::Object second = mutex(0x20, "g_b");
    builder.thread(2).waits_for(first).holds(second);
    builder.thread(3).waits_for(second).holds(first);
    builder.foreign_unlocked(first);
    const snapshot::Snapshot snapshot = builder.build();

    const std::string report = "\n" + render::text(snapshot, analyze::analyze(snapshot), {});

    EXPECT_EQ(block(report, "DEADLOCK"), R"(
DEADLOCK (likely): 2 threads wait for each other
  T2 waits for mutex g_a, held by T3
  T3 waits for mutex g_b, held by T2
  not proved: mutex g_a was once unlocked by a thread that did not own it
)");
}

TEST(Headline, OfOtherFindingsIsTheirMessage) {
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= 4; ++id) builder.thread(id);
    analyze::Finding orphan = finding(Verdict::kOrphanedLock, {2, 3}, "T3 waits for mutex g_m, T2 has exited");
    orphan.behind = {4};
    analyze::Finding wakeup = finding(Verdict::kLostWakeup, {4}, "the signal came too early");
    wakeup.certainty = Certainty::kLikely;

    const std::string report =
        text(builder, {finding(Verdict::kSelfDeadlock, {1}, "T1 waits for mutex g_m, which it holds itself"), orphan,
                       wakeup, finding(Verdict::kAsleep, {1, 2}, "no thread can run again")});

    EXPECT_EQ(block(report, "SELF-DEADLOCK"), "\nSELF-DEADLOCK: T1 waits for mutex g_m, which it holds itself\n");
    EXPECT_EQ(block(report, "ORPHANED LOCK"), R"(
ORPHANED LOCK: T3 waits for mutex g_m, T2 has exited
  also stuck behind it: T4
)");
    EXPECT_EQ(block(report, "LOST WAKEUP"), "\nLOST WAKEUP (likely): the signal came too early\n");
    EXPECT_EQ(block(report, "ALL ASLEEP"), "\nALL ASLEEP: no thread can run again\n");
}

TEST(Headline, OfALockOrderInversionShowsBothPlaces) {
    SnapshotBuilder builder;
    builder.thread(1);
    analyze::Finding inversion = finding(Verdict::kLockOrder, {2, 3}, "mutex g_a and mutex g_b in both orders");
    inversion.certainty = Certainty::kPossible;
    inversion.order = {{mutex(0x20, "g_b"), mutex(0x10, "g_a"), builder.stack({frame("ab()", "order.cpp", 5)}),
                        builder.stack({frame("ab()", "order.cpp", 4)}), 2},
                       {mutex(0x10, "g_a"), mutex(0x20, "g_b"), builder.stack({frame("ba()", "order.cpp", 9)}),
                        builder.stack({frame("ba()", "order.cpp", 8)}), 3}};

    EXPECT_EQ(text(builder, {inversion}), R"(
loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 1 thread

LOCK ORDER (possible): mutex g_a and mutex g_b in both orders
  T2 took mutex g_b while it held mutex g_a, at
    ab()                                     order.cpp:5
  it had acquired mutex g_a at
    ab()                                     order.cpp:4
  T3 took mutex g_a while it held mutex g_b, at
    ba()                                     order.cpp:9
  it had acquired mutex g_b at
    ba()                                     order.cpp:8

FOUND: 1 lock-order inversion
)");
}

}  // namespace
