// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <functional>

#include "analyze/finding.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::mutex;
using support::once_flag;
using support::SnapshotBuilder;

const snapshot::Object kLedger = mutex(0x20, "g_ledger");
const snapshot::Object kAccounts = mutex(0x40, "g_accounts");

/// T2 and T3 in opposite order, seen live; `main` keeps running.
struct OppositeOrder : SnapshotBuilder {
    OppositeOrder() {
        live();
        thread(1);
        thread(2).holds(kAccounts).waits_for(kLedger);
        thread(3).holds(kLedger).waits_for(kAccounts);
    }
};

TEST(Deadlock, TwoThreadsThatWaitForEachOther) {
    const OppositeOrder builder;

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T2 T3"});
    EXPECT_EQ(messages(analysis), Lines{"T2 and T3 wait for each other: T2 for mutex g_ledger held by T3, "
                                        "T3 for mutex g_accounts held by T2"});
    EXPECT_EQ(analysis.findings[0].fingerprint.size(), 16u);
}

TEST(Deadlock, ARingIsListedInTheOrderOfItsChain) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).holds(mutex(0x20)).waits_for(mutex(0x30));
    builder.thread(3).holds(mutex(0x40)).waits_for(mutex(0x20));
    builder.thread(4).holds(mutex(0x30)).waits_for(mutex(0x40));

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T2 T4 T3"});
    EXPECT_EQ(messages(analysis), Lines{"T2, T4 and T3 wait for each other: T2 for mutex 0x30 held by T4, "
                                        "T4 for mutex 0x40 held by T3, T3 for mutex 0x20 held by T2"});
}

TEST(Deadlock, ReadersThatAllWantToWriteAreOneDeadlock) {
    SnapshotBuilder builder;
    builder.live();
    for (const uint32_t id : {2, 3, 4}) builder.thread(id).reads(kTable).waits_for(kTable);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T2 T3 T4"});
}

TEST(Deadlock, AReaderThatWantsToWriteAloneDeadlocksItself) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).reads(kTable).waits_for(kTable);
    builder.thread(3).reads(kTable);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved self-deadlock: T2"});
    EXPECT_EQ(messages(analysis), Lines{"T2 waits for rwlock g_table, which it holds itself"});
}

TEST(Deadlock, AThreadThatLocksItsOwnMutexDeadlocksItself) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).holds(kLedger).waits_for(kLedger);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved self-deadlock: T2"});
    EXPECT_EQ(messages(analysis), Lines{"T2 waits for mutex g_ledger, which it holds itself"});
}

TEST(Deadlock, ASingleReaderAmongOthersIsEnoughToBlockAWriter) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).holds(kLedger).waits_for(kTable);
    builder.thread(3).reads(kTable);
    builder.thread(4).reads(kTable).waits_for(kLedger);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T4"});
}

TEST(Deadlock, AJoinClosesAChain) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).holds(kLedger).joins(2);
    builder.thread(2).waits_for(kLedger);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T1 T2"});
    EXPECT_EQ(messages(analysis), Lines{"T1 and T2 wait for each other: T1 for the end of T2, "
                                        "T2 for mutex g_ledger held by T1"});
}

TEST(Deadlock, AOnceClosesAChain) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).holds(once_flag(0x80, "g_once")).waits_for(kLedger);
    builder.thread(3).holds(kLedger).waits_for(once_flag(0x80, "g_once"));

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T2 T3"});
    EXPECT_EQ(messages(analysis), Lines{"T2 and T3 wait for each other: T2 for mutex g_ledger held by T3, "
                                        "T3 for once g_once run by T2"});
}

TEST(Deadlock, TwoSeparateCyclesAreTwoFindings) {
    OppositeOrder builder;
    builder.thread(4).holds(mutex(0x100)).waits_for(mutex(0x110));
    builder.thread(5).holds(mutex(0x110)).waits_for(mutex(0x100));

    EXPECT_EQ(shown(analyze(builder.build())), (Lines{"proved deadlock: T2 T3", "proved deadlock: T4 T5"}));
}

TEST(Deadlock, LongListsAreCutInTheMessageOnly) {
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 2; id < 22; ++id) {
        builder.thread(id).holds(mutex(id)).waits_for(mutex(id == 21 ? 2 : id + 1));
    }

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(analysis.findings[0].threads.size(), 20u);
    EXPECT_EQ(analysis.findings[0].message,
              "T2, T3, T4, T5, T6, T7, T8 and 13 more wait for each other: "
              "T2 for mutex 0x3 held by T3, T3 for mutex 0x4 held by T4, T4 for mutex 0x5 held by T5, "
              "T5 for mutex 0x6 held by T6, T6 for mutex 0x7 held by T7, T7 for mutex 0x8 held by T8, "
              "T8 for mutex 0x9 held by T9, T9 for mutex 0xa held by T10, and so on");
}

struct NoDeadlock {
    const char* name;
    std::function<void(OppositeOrder&)> change;

    friend std::ostream& operator<<(std::ostream& out, const NoDeadlock& one) { return out << one.name; }
};

class NoLiveDeadlock : public testing::TestWithParam<NoDeadlock> {};

TEST_P(NoLiveDeadlock, WithoutAClosedChainSeenAtRest) {
    OppositeOrder builder;
    GetParam().change(builder);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

INSTANTIATE_TEST_SUITE_P(
    Deadlock, NoLiveDeadlock,
    testing::Values(
        NoDeadlock{"TimedWait", [](OppositeOrder& builder) { builder.thread(3).timed(1, 2); }},
        NoDeadlock{"Unsettled", [](OppositeOrder& builder) { builder.thread(3).unsettled(); }},
        NoDeadlock{"Releasing", [](OppositeOrder& builder) { builder.thread(3).releasing(); }},
        NoDeadlock{"Lent", [](OppositeOrder& builder) { builder.thread(3).lent(); }},
        NoDeadlock{"LastRecorded", [](OppositeOrder& builder) { builder.thread(3).last_recorded(); }},
        NoDeadlock{"Running", [](OppositeOrder& builder) { builder.thread(3).in(snapshot::State::kRunning); }},
        NoDeadlock{"LibcSaysFree", [](OppositeOrder& builder) { builder.libc_says(kLedger, std::nullopt, 0); }},
        NoDeadlock{"LibcNamesAnother", [](OppositeOrder& builder) { builder.libc_says(kLedger, 1); }},
        NoDeadlock{"TwoOwners", [](OppositeOrder& builder) { builder.thread(4).holds(kLedger); }}),
    [](const testing::TestParamInfo<NoDeadlock>& one) { return one.param.name; });

TEST(Deadlock, IsOnlyLikelyAfterAForeignUnlock) {
    OppositeOrder builder;
    builder.foreign_unlocked(mutex(0x10)).foreign_unlocked(kLedger).foreign_unlocked(mutex(0x1000));

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely deadlock: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"T2 and T3 wait for each other: T2 for mutex g_ledger held by T3, T3 for mutex g_accounts held "
                    "by T2; not proved: mutex g_ledger was once unlocked by a thread that did not own it"});
}

TEST(Deadlock, IsProvedWhenOtherLocksWereForeignUnlocked) {
    OppositeOrder builder;
    builder.foreign_unlocked(mutex(0x10)).foreign_unlocked(mutex(0x1000));

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3"});
}

TEST(Deadlock, IsOnlyLikelyWhenForeignUnlocksWereLost) {
    OppositeOrder builder;
    builder.snapshot().any_lock_foreign_unlocked = true;

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"likely deadlock: T2 T3"});
}

TEST(Deadlock, OfJoinsAloneNeedsNoLock) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).joins(3);
    builder.thread(3).joins(2);
    builder.snapshot().any_lock_foreign_unlocked = true;

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3"});
}

TEST(Deadlock, IsOnlyLikelyWithATornRecord) {
    OppositeOrder builder;
    builder.thread(2).torn();

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely deadlock: T2 T3"});
    EXPECT_NE(analysis.findings[0].message.find("; not proved: T2 was writing its record"), std::string::npos);
}

TEST(Deadlock, IsProvedByOneLookAtRest) {
    OppositeOrder builder;
    builder.thread(2).unsettled();
    builder.thread(3).unsettled();
    builder.thread(1).unsettled();
    builder.post_mortem();

    EXPECT_EQ(shown(analyze(builder.build()))[0], "proved deadlock: T2 T3");
}

TEST(Deadlock, IsOnlyLikelyAtRestWithAReleasingHold) {
    OppositeOrder builder;
    builder.thread(3).releasing();
    builder.post_mortem();

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis)[0], "likely deadlock: T2 T3");
    EXPECT_NE(analysis.findings[0].message.find("T3 may have let go of mutex g_ledger"), std::string::npos);
}

TEST(Deadlock, IsOnlyLikelyWithWhatMayBeTheParentProcesses) {
    SnapshotBuilder builder;
    builder.thread(2).holds(kLedger).waits_for(kLedger);
    builder.thread(2).hold().in_doubt = true;
    builder.post_mortem();

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis)[0], "likely self-deadlock: T2");
    EXPECT_NE(analysis.findings[0].message.find("T2 was forked with"), std::string::npos);
}

TEST(Deadlock, ThroughAQueuedWriterIsOnlyLikely) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).reads(kTable).waits_to_read(kTable, true);
    builder.thread(3).waits_for(kTable);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"likely deadlock: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"T2 and T3 wait for each other: T2 for rwlock g_table wanted first by T3, "
                    "T3 for rwlock g_table held by T2; not proved: T3 only queues for rwlock g_table"});
}

TEST(Deadlock, IsOnlyLikelyWhereMemoryCountsFewerReadersThanAreRecorded) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).reads(kTable).waits_for(kLedger);
    builder.thread(3).holds(kLedger).waits_for(kTable);
    builder.thread(4).reads(kTable);
    snapshot::LockMemory& memory = builder.snapshot().lock_memory[kTable.address];
    const auto with = [&](uint32_t readers) {
        memory.readers = readers;
        memory.recorded_readers = 2;
        return analyze(builder.build());
    };

    EXPECT_EQ(shown(with(3)), Lines{"proved deadlock: T2 T3"}) << "one may be about to record it";
    EXPECT_EQ(shown(with(2)), Lines{"proved deadlock: T2 T3"});
    EXPECT_EQ(shown(with(1)), Lines{"likely deadlock: T2 T3"});
    EXPECT_EQ(messages(with(1)),
              Lines{"T2 and T3 wait for each other: T2 for mutex g_ledger held by T3, T3 for rwlock g_table held by "
                    "T2; not proved: T2 may have let go of rwlock g_table"});
    EXPECT_EQ(shown(with(0)), Lines{}) << "all have let go";
    builder.thread(2).releasing();
    EXPECT_EQ(shown(with(1)), Lines{});
}

TEST(Deadlock, AReaderPassesQueuedWritersOfAnOrdinaryRwlock) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).reads(kTable).waits_to_read(kTable);
    builder.thread(3).waits_for(kTable);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(Deadlock, AProvedOneIsNotWeakenedByADoubtfulCycleThatItShares) {
    const snapshot::Object semaphore_like = mutex(0x90);
    SnapshotBuilder builder;
    builder.live().foreign_unlocked(semaphore_like);
    builder.thread(2).reads(kTable).waits_for(kLedger);
    builder.thread(3).holds(kLedger).holds(semaphore_like).waits_for(kTable);
    builder.thread(4).reads(kTable).waits_for(semaphore_like);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3, behind: T4"});
}

TEST(Deadlock, LibcsOwnerClosesAChainAndIsMentioned) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).holds(kLedger);
    builder.thread(2).holds(kAccounts).waits_for(kLedger);
    builder.thread(3).waits_for(kAccounts);
    builder.libc_says(kLedger, 3);

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{"proved deadlock: T2 T3"});
    EXPECT_EQ(messages(analysis), Lines{"T2 and T3 wait for each other: T2 for mutex g_ledger held by T3, T3 for mutex "
                                        "g_accounts held by T2 (libc's memory names T3 as owner of mutex g_ledger, the "
                                        "record T1)"});
}

TEST(Deadlock, LibcsOwnerIsEnoughWithoutAnyRecord) {
    SnapshotBuilder builder;
    builder.live().process().observed = false;
    builder.thread(2).waits_for(kLedger);
    builder.thread(3).waits_for(kAccounts);
    builder.libc_says(kLedger, 3).libc_says(kAccounts, 2);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3"});
}

TEST(Deadlock, IsFoundForEveryReason) {
    using snapshot::Reason;
    for (const Reason reason :
         {Reason::kExit, Reason::kSignal, Reason::kDump, Reason::kWatch, Reason::kTimeout, Reason::kPostMortem}) {
        OppositeOrder builder;
        builder.thread(1).ends_process();
        builder.process().reason = reason;

        EXPECT_EQ(shown(analyze(builder.build())), Lines{"proved deadlock: T2 T3"});
    }
}

}  // namespace
}  // namespace analyze
