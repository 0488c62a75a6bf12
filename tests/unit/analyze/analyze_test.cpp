// SPDX-License-Identifier: Apache-2.0
//
// The analysis as a whole: counts, what the gate fails on, words, size.
#include <gtest/gtest.h>

#include "analyze/finding.h"
#include "analyze/words.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::State;
using support::mutex;
using support::SnapshotBuilder;

/// One of everything.
struct Mixed : SnapshotBuilder {
    Mixed() {
        thread(1).ends_process();
        thread(2).holds(mutex(0x20)).waits_for(mutex(0x30));
        thread(3).holds(mutex(0x30)).waits_for(mutex(0x20));
        thread(4).waits_on(support::condition(0x40));
        thread(5).in(State::kSleep);
        thread(6).finished();
        thread(7).finished().detached().holds(mutex(0x50));
        thread(8).joined().holds(mutex(0x60));
        snapshot().created_total = 12;
    }
};

Lines counted(const Counts& counts) {
    return {"threads " + std::to_string(counts.threads), "blocked " + std::to_string(counts.blocked),
            "alive " + std::to_string(counts.alive), "unjoined " + std::to_string(counts.unjoined),
            "created " + std::to_string(counts.created_total)};
}

TEST(Counts, AtTheEndLeaveTheEnderOut) {
    EXPECT_EQ(counted(analyze(Mixed().build()).counts),
              (Lines{"threads 6", "blocked 3", "alive 1", "unjoined 1", "created 12"}));
}

TEST(Counts, OfALiveProcessHaveEveryThread) {
    Mixed builder;
    builder.live();

    EXPECT_EQ(counted(analyze(builder.build()).counts),
              (Lines{"threads 6", "blocked 3", "alive 2", "unjoined 1", "created 12"}));
}

TEST(Counts, CallTheEnderAliveWhereverItWaits) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).ends_process().waits_on(support::condition(0x40));

    EXPECT_EQ(counted(analyze(builder.build()).counts),
              (Lines{"threads 1", "blocked 0", "alive 1", "unjoined 0", "created 1"}));
}

TEST(Counts, KeepAFinishedMain) {
    SnapshotBuilder builder;
    builder.thread(1).finished();
    builder.thread(2).ends_process();

    EXPECT_EQ(counted(analyze(builder.build()).counts),
              (Lines{"threads 2", "blocked 0", "alive 0", "unjoined 0", "created 2"}));
}

TEST(Counts, OfAnEmptySnapshotAreZero) {
    const Analysis analysis = analyze(snapshot::Snapshot());

    EXPECT_EQ(shown(analysis), Lines{});
    EXPECT_EQ(counted(analysis.counts), (Lines{"threads 0", "blocked 0", "alive 0", "unjoined 0", "created 0"}));
}

TEST(Applies, HoldsFactsBesideProofs) {
    EXPECT_EQ(applying(analyze(Mixed().build())),
              (Lines{"T2: deadlock blocked", "T3: deadlock blocked", "T4: blocked", "T5: alive", "T6: unjoined",
                     "T7: orphaned-lock", "T8: orphaned-lock"}));
}

TEST(Applies, HoldsProofsAloneWhileTheProcessLives) {
    Mixed builder;
    builder.live();

    EXPECT_EQ(applying(analyze(builder.build())), (Lines{"T2: deadlock", "T3: deadlock"}));
}

TEST(Fails, OnAnyVerdictThatAppliesToAThread) {
    const Analysis analysis = analyze(Mixed().build());

    EXPECT_TRUE(fails(analysis, {Verdict::kDeadlock}));
    EXPECT_TRUE(fails(analysis, {Verdict::kUnjoined, Verdict::kAsleep}));
    EXPECT_FALSE(fails(analysis, {Verdict::kSelfDeadlock, Verdict::kAsleep}));
    EXPECT_FALSE(fails(analysis, {}));
    EXPECT_TRUE(fails(analysis, 2, {Verdict::kDeadlock}));
    EXPECT_FALSE(fails(analysis, 2, {Verdict::kUnjoined}));
    EXPECT_FALSE(fails(analysis, 4711, {Verdict::kDeadlock})) << "there is no such thread";
}

TEST(Fails, OnADeadlockedThreadAsBlocked) {
    SnapshotBuilder builder;
    builder.thread(2).holds(mutex(0x20)).waits_for(mutex(0x20));

    EXPECT_TRUE(fails(analyze(builder.build()), {Verdict::kBlocked}));
}

TEST(Fails, OnALikelyFindingOnlyThroughItsFacts) {
    SnapshotBuilder builder;
    builder.thread(2).holds(mutex(0x20)).waits_for(mutex(0x20));
    builder.foreign_unlocked(mutex(0x20));
    ASSERT_EQ(shown(analyze(builder.build())), Lines{"likely self-deadlock: T2"});

    EXPECT_FALSE(fails(analyze(builder.build()), {Verdict::kSelfDeadlock}));
    EXPECT_TRUE(fails(analyze(builder.build()), {Verdict::kBlocked}));

    builder.live();
    EXPECT_FALSE(fails(analyze(builder.build()), {Verdict::kSelfDeadlock, Verdict::kBlocked}));
}

TEST(Words, OfEveryVerdictLeadBackToIt) {
    const Lines words = {"deadlock", "self-deadlock", "orphaned-lock", "lost-wakeup", "asleep",
                         "blocked",  "alive",         "unjoined",      "lock-order"};
    for (size_t index = 0; index < words.size(); ++index) {
        const auto verdict = verdict_from_word(words[index]);
        ASSERT_TRUE(verdict.has_value()) << words[index];
        EXPECT_EQ(static_cast<size_t>(*verdict), index);
        EXPECT_EQ(word(*verdict), words[index]);
    }
    EXPECT_EQ(verdict_from_word("Deadlock"), std::nullopt);
    EXPECT_EQ(verdict_from_word(""), std::nullopt);
}

TEST(Words, OfCertainty) {
    EXPECT_EQ((Lines{std::string(word(Certainty::kProved)), std::string(word(Certainty::kLikely)),
                     std::string(word(Certainty::kPossible)), std::string(word(Certainty::kFact))}),
              (Lines{"proved", "likely", "possible", "fact"}));
}

TEST(Words, NameThreadsAndLocks) {
    EXPECT_EQ(thread_words(std::vector<uint32_t>{2}), "T2");
    EXPECT_EQ(thread_words(std::vector<uint32_t>{2, 3}), "T2 and T3");
    EXPECT_EQ(thread_words(std::vector<uint32_t>{1, 2, 3, 4, 5, 6, 7, 8}), "T1, T2, T3, T4, T5, T6, T7 and T8");
    EXPECT_EQ(thread_words(std::vector<uint32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}), "T1, T2, T3, T4, T5, T6, T7 and 2 more");
    EXPECT_EQ(object_words(mutex(0x5581c0e8)), "mutex 0x5581c0e8");
    EXPECT_EQ(object_words(support::rwlock(0x20, "g_table")), "rwlock g_table");
}

TEST(Size, TenThousandThreadsInARing) {
    constexpr uint32_t kThreads = 10'000;
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= kThreads; ++id) {
        builder.thread(id)
            .holds(mutex(id))
            .waits_for(mutex(id % kThreads + 1))
            .at({support::frame("lock()", "a.cpp", 1)});
    }

    const Analysis analysis = analyze(builder.build());

    ASSERT_EQ(analysis.findings.size(), 1u);
    EXPECT_EQ(analysis.findings[0].threads.size(), kThreads);
}

TEST(Size, TenThousandReadersThatWantToWrite) {
    constexpr uint32_t kThreads = 10'000;
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= kThreads; ++id)
        builder.thread(id).reads(support::rwlock(9)).waits_for(support::rwlock(9));

    const Analysis analysis = analyze(builder.build());

    ASSERT_EQ(analysis.findings.size(), 1u);
    EXPECT_EQ(analysis.findings[0].threads.size(), kThreads);
}

TEST(Size, TenThousandThreadsWithStacksOfTheirOwn) {
    constexpr uint32_t kThreads = 10'000;
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= kThreads; ++id) {
        support::Frames frames;
        for (int depth = 0; depth < 20; ++depth)
            frames.push_back(support::frame("function_" + std::to_string(depth), "a.cpp", 7));
        frames.back().line = static_cast<int>(id % 100);
        builder.thread(id).waits_on(support::condition(id)).at(frames);
    }

    EXPECT_EQ(analyze(builder.build()).findings.size(), 100u);
}

}  // namespace
}  // namespace analyze
