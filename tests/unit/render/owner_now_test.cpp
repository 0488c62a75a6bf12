// SPDX-License-Identifier: Apache-2.0
//
// What the owner of a lock does now, and what it waits for itself, to the end of the chain.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using analyze::Verdict;
using report::block;
using report::block_of_t2;
using report::finding;
using report::kStuck;
using report::kWork;
using report::text;
using support::frame;
using support::Frames;
using support::mutex;
using support::SnapshotBuilder;

const Frames kAcquired = {frame("take()", "bank.cpp", 20)};

TEST(OwnerNow, FollowsAShortChainToItsEnd) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).waits_for(mutex(0x20)).since(4).at(kWork).holds(mutex(0x10)).acquired_at(kAcquired);
    builder.thread(4).joins(5).at(kWork).holds(mutex(0x20)).acquired_at(kAcquired);
    builder.thread(5).in_io("read").at(kWork);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T3, acquired at
    take()                                   bank.cpp:20
  T3 is now in [mutex lock, 4s], at
    work()                                   bank.cpp:30
  T3 waits for mutex 0x20, held by T4, acquired at
    take()                                   bank.cpp:20
  T4 is now in [join], at
    work()                                   bank.cpp:30
  T4 waits for T5 to end
  T5 is now in [io read], at
    work()                                   bank.cpp:30
)");
}

// Of a ring of five hundred, each would have the next fifteen under it.
TEST(OwnerNow, TellsOnceWhatThreadsWithBlocksOfTheirOwnWaitBehind) {
    SnapshotBuilder builder;
    for (uint32_t id = 2; id <= 6; ++id) {
        const uint64_t next = id == 6 ? 2 : id + 1;
        builder.thread(id).waits_for(mutex(next * 16)).holds(mutex(id * 16));
    }
    const std::string report = text(builder, {finding(Verdict::kBlocked, {2, 3, 4, 5, 6})});
    const auto told_in = [&](const std::string& start) {
        const std::string found = block(report, start);
        std::string told;
        for (const char* const id : {"T2", "T3", "T4", "T5", "T6"}) {
            if (found.find(std::string("\n  ") + id + " is now") != std::string::npos) told += id;
        }
        return told;
    };

    EXPECT_EQ(told_in("T2 "), "T3T4T5T6");
    EXPECT_EQ(told_in("T3 "), "T4T5");
    EXPECT_EQ(told_in("T4 "), "T5T6");
    EXPECT_EQ(told_in("T5 "), "T2T3T4T6");
    EXPECT_EQ(told_in("T6 "), "T2T3");
}

TEST(OwnerNow, DoesNotFollowARingForEver) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).waits_for(mutex(0x20)).holds(mutex(0x10));
    builder.thread(4).waits_for(mutex(0x10)).holds(mutex(0x20));

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T3, acquired at a place that was not recorded
  T3 is now in [mutex lock], no stack recorded
  T3 waits for mutex 0x20, held by T4, acquired at a place that was not recorded
  T4 is now in [mutex lock], no stack recorded
  T4 waits for mutex 0x10, held by T3, acquired at a place that was not recorded
)");
}

TEST(OwnerNow, TellsWhatAnOwnerDoesAlsoWhereThatHasABlockOfItsOwn) {
    SnapshotBuilder builder;
    const Frames deep = {kWork[0], kAcquired[0], kWork[0], kAcquired[0]};
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).waits_for(mutex(0x20)).at(deep).holds(mutex(0x10));
    builder.thread(4).waits_for(mutex(0x10)).at(kWork);

    const std::string report = text(builder, {finding(Verdict::kBlocked, {2, 3}), finding(Verdict::kBlocked, {4})});

    EXPECT_EQ(block(report, "T2 "), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T3, acquired at a place that was not recorded
  T3 is now in [mutex lock], at
    work()                                   bank.cpp:30
    take()                                   bank.cpp:20
    work()                                   bank.cpp:30
    take()                                   bank.cpp:20
)");
    EXPECT_EQ(block(report, "T4 "), R"(
T4 [mutex lock] tid 4245
    work()                                   bank.cpp:30
  waits for mutex 0x10, held by T3, acquired at a place that was not recorded
  T3 is now in [mutex lock], at
    work()                                   bank.cpp:30
    take()                                   bank.cpp:20
    work()                                   bank.cpp:30
    take()                                   bank.cpp:20
)");
}

TEST(OwnerNow, FollowsTheChainToItsEndAndPointsToBlocks) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).waits_for(mutex(0x20)).at(kStuck).holds(mutex(0x10)).acquired_at(kAcquired);
    builder.thread(4).waits_for(mutex(0x30)).at(kStuck).holds(mutex(0x20)).acquired_at(kAcquired);
    builder.thread(5).at(kWork).holds(mutex(0x30)).acquired_at(kAcquired);

    const std::string report = text(builder, {finding(Verdict::kBlocked, {2}), finding(Verdict::kBlocked, {4})});

    EXPECT_EQ(block(report, "T2 "), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T3, acquired at
    take()                                   bank.cpp:20
  T3 is now in [mutex lock], at
    stuck()                                  bank.cpp:10
  T3 waits for mutex 0x20, held by T4, acquired at
    take()                                   bank.cpp:20
  T4 is now in [mutex lock], waits for mutex 0x30, see below
  T5 is now running, at
    work()                                   bank.cpp:30
)");
}

TEST(OwnerNow, OfAnOwnerThatRunsSaysHowItsPlaceIsKnown) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).at(kWork).holds(mutex(0x10)).acquired_at(kAcquired);
    snapshot::Snapshot snapshot = builder.build();
    snapshot::Thread& owner = snapshot.threads.back();
    owner.stack_is_last_known = true;
    EXPECT_NE(render::text(snapshot, report::analysis(snapshot, {finding(Verdict::kBlocked, {2})}), {})
                  .find("T3 is now running, last known at\n"),
              std::string::npos);

    owner.entry = owner.stack;  // nothing is known but where it began
    EXPECT_NE(render::text(snapshot, report::analysis(snapshot, {finding(Verdict::kBlocked, {2})}), {})
                  .find("T3 is now running, no stack recorded\n"),
              std::string::npos);
}

TEST(OwnerNow, OfAnOwnerInACallHasNoObject) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).waits_for(mutex(0x20)).at(kStuck).holds(mutex(0x10)).acquired_at(kAcquired);
    builder.thread(4).waits_for({snapshot::LockKind::kUnknown, 0}).at(kWork).holds(mutex(0x20)).acquired_at(kAcquired);

    const std::string report = text(builder, {finding(Verdict::kBlocked, {2}), finding(Verdict::kBlocked, {4})});

    EXPECT_NE(report.find("  T4 is now in ["), std::string::npos) << report;
    EXPECT_EQ(report.find("unknown 0x0"), std::string::npos) << report;
}

}  // namespace
