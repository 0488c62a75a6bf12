// SPDX-License-Identifier: Apache-2.0
//
// Threads that hold up others, and what those wait for; waits that nobody can be asked for.
#include "analyze/root_blockers.h"

#include <gtest/gtest.h>

#include "analyze/lost_wakeup.h"
#include "analyze/misuse.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::condition;
using support::mutex;
using support::SnapshotBuilder;

Lines roots(const Analysis& analysis) {
    Lines lines;
    for (const RootBlocker& root : analysis.roots) {
        lines.push_back("T" + std::to_string(root.thread) + " blocks" + numbers(root.blocks));
        for (const WaitShare& share : root.shares)
            lines.push_back(std::to_string(share.threads) + " for " +
                            (share.object.address == 0 ? "join" : share.object.name));
        for (const Branch& branch : root.tree)
            lines.push_back(std::string(branch.depth, '-') + "T" + std::to_string(branch.owner) + ":" +
                            numbers(branch.waiters));
    }
    return lines;
}

TEST(RootBlockers, AreToldWithTheTreeOfThoseWhoWait) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).joins(3);
    builder.thread(3).holds(mutex(0x10, "g_table"));
    builder.thread(4).waits_for(mutex(0x10, "g_table"));
    builder.thread(5).waits_for(mutex(0x10, "g_table")).holds(mutex(0x20, "g_row"));
    builder.thread(6).waits_for(mutex(0x20, "g_row"));

    EXPECT_EQ(roots(analyze(builder.build())), (Lines{"T3 blocks T1 T4 T5 T6", "2 for g_table", "1 for g_row",
                                                      "1 for join", "T3: T1", "T3: T4 T5", "-T5: T6"}));
}

TEST(RootBlockers, AreNotToldOfWhatAFindingExplains) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).joins(2);
    builder.thread(2).holds(mutex(0x10)).waits_for(mutex(0x20));
    builder.thread(3).holds(mutex(0x20)).waits_for(mutex(0x10));

    EXPECT_EQ(roots(analyze(builder.build())), Lines{});
}

TEST(RootBlockers, FollowAChainOfAnyLength) {
    constexpr uint32_t kThreads = 10'000;
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 1; id <= kThreads; ++id) {
        builder.thread(id).holds(mutex(id));
        if (id > 1) builder.thread(id).waits_for(mutex(id - 1));
    }

    const Analysis analysis = analyze(builder.build());

    ASSERT_EQ(analysis.roots.size(), 1U);
    EXPECT_EQ(analysis.roots[0].thread, 1U);
    EXPECT_EQ(analysis.roots[0].blocks.size(), kThreads - 1);
}

struct Waiter : SnapshotBuilder {
    Waiter() {
        live();
        snapshot::LastSignal signal;
        signal.thread = 3;
        signal.before_wait = true;
        thread(2).waits_on(condition(0x30, "g_ready"), mutex(0x10, "g_m")).last_signalled(signal);
        thread(2).thread().wait->missed_signal = true;
        thread(3);
    }
    snapshot::Thread& waiter() { return thread(2).thread(); }
};

TEST(LostWakeup, IsLikelyWhereTheLastSignalWasMissed) {
    Waiter builder;

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely lost-wakeup: T2"});
    EXPECT_EQ(messages(analysis), Lines{"T2 waits for condition g_ready, whose last signal, by T3, came after it had "
                                        "locked mutex g_m and before it began to wait"});
    EXPECT_FALSE(fails(analysis, {Verdict::kLostWakeup}));
}

TEST(LostWakeup, IsNotToldOfATimedWaitNorWhereALaterSignalMayBeUnknown) {
    Waiter timed;
    timed.thread(2).timed(1, 2);
    EXPECT_EQ(shown(analyze(timed.build())), Lines{});

    Waiter unknown;
    unknown.waiter().wait->signal_unknown = true;
    EXPECT_EQ(shown(analyze(unknown.build())), Lines{});

    Waiter moving;
    moving.thread(2).unsettled();
    EXPECT_EQ(shown(analyze(moving.build())), Lines{});
}

TEST(ProbableCycle, IsOfASignallerThatWaitsBehindTheWaiter) {
    Waiter builder;
    builder.waiter().wait->missed_signal = false;
    builder.waiter().wait->signallers = {{3, false, true}, {9, true, true}};
    builder.thread(2).holds(mutex(0x20));
    builder.thread(3).waits_for(mutex(0x20));

    EXPECT_EQ(analyze(builder.build()).probable_cycles, (std::map<uint32_t, std::vector<uint32_t>>{{2, {3}}}));

    builder.waiter().wait->signallers.push_back({4, false, true});
    builder.thread(4);
    EXPECT_TRUE(analyze(builder.build()).probable_cycles.empty());
}

TEST(MissingParties, AreThoseThatHaveNotComeToTheBarrier) {
    SnapshotBuilder builder;
    for (const uint32_t id : {2U, 3U}) {
        builder.thread(id).waits_for(support::object(snapshot::LockKind::kBarrier, 0x40));
        builder.thread(id).thread().wait->parties = 3;
    }
    const snapshot::Snapshot snapshot = builder.build();

    EXPECT_EQ(missing_parties(snapshot, snapshot.threads[0]), 1U);
}

TEST(MissingParties, OfALatchAreItsCountNow) {
    SnapshotBuilder builder;
    snapshot::Thread& waiter = builder.thread(2).waits_for(support::object(snapshot::LockKind::kFutex, 0x40)).thread();
    waiter.wait->counts_down = true;
    waiter.wait->expected = 4;
    const auto missing_with = [&](std::optional<uint32_t> value) {
        waiter.wait->value = value;
        const snapshot::Snapshot snapshot = builder.build();
        return missing_parties(snapshot, snapshot.threads[0]);
    };

    EXPECT_EQ(missing_with(2), 2U);
    EXPECT_EQ(missing_with(4), 4U);
    EXPECT_EQ(missing_with(0), std::nullopt);  // it is about to be woken
    EXPECT_EQ(missing_with(5), std::nullopt);  // something else is there by now
    EXPECT_EQ(missing_with(std::nullopt), std::nullopt);
}

TEST(Misuse, TwoMutexesWithOneConditionAreNamedOnce) {
    SnapshotBuilder builder;
    builder.thread(2).waits_on(condition(0x30, "g_ready"), mutex(0x10));
    builder.thread(3).waits_on(condition(0x30, "g_ready"), mutex(0x20));
    builder.thread(4).waits_on(condition(0x30, "g_ready"), mutex(0x20));

    const std::vector<snapshot::Misuse> misuses = find_misuses(builder.build(), std::nullopt);

    ASSERT_EQ(misuses.size(), 1U);
    EXPECT_EQ(misuse_words(misuses[0]), "T2 and T3 wait on condition g_ready with different mutexes");
}

// T2 was signalled and on its way out of the wait when all of it was killed, and T3 began one.
TEST(Misuse, IsNotTwoMutexesOfWaitsThatMayHaveBeenOver) {
    SnapshotBuilder builder;
    builder.post_mortem();
    builder.thread(2).waits_on(condition(0x10, "g_ready"), mutex(0x20));
    builder.thread(3).waits_on(condition(0x10, "g_ready"), mutex(0x30));
    const auto count = [&] { return find_misuses(builder.build(), {}).size(); };

    EXPECT_EQ(count(), 1U);
    builder.thread(2).last_signalled({.thread = 1, .before_wait = true});
    EXPECT_EQ(count(), 1U);
    builder.thread(2).last_signalled({.thread = 1, .before_wait = false});
    EXPECT_EQ(count(), 0U);
    builder.thread(2).last_signalled({.thread = 1, .before_wait = true}).wait().signal_unknown = true;
    EXPECT_EQ(count(), 0U);
    builder.process().at_rest = false;
    EXPECT_EQ(count(), 1U) << "seen to wait";
}

TEST(Misuse, LocksHeldForLongAreNamedWhereAskedFor) {
    SnapshotBuilder builder;
    builder.thread(2).holds(mutex(0x10, "g_m")).held_for(12);
    builder.thread(3).holds(mutex(0x20, "g_n")).held_for(2);

    EXPECT_EQ(find_misuses(builder.build(), std::nullopt).size(), 0U);
    const std::vector<snapshot::Misuse> misuses = find_misuses(builder.build(), 10.0);
    ASSERT_EQ(misuses.size(), 1U);
    EXPECT_EQ(misuses[0].thread, 2U);
}

}  // namespace
}  // namespace analyze
