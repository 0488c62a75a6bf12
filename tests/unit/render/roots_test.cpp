// SPDX-License-Identifier: Apache-2.0
//
// Who holds up whom, first; and groups of threads in equal functions.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using report::block;
using support::frame;
using support::mutex;
using support::SnapshotBuilder;

std::string judged(const SnapshotBuilder& builder, render::TextOptions options = {}) {
    const snapshot::Snapshot snapshot = builder.build();
    options.all = true;
    return "\n" + render::text(snapshot, analyze::analyze(snapshot), options);
}

TEST(Roots, AreToldWithWhatIsWaitedForAndTheTreeBelow) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).joins(3);
    builder.thread(3).named("loader").in(snapshot::State::kSleep).since(3).holds(mutex(0x10, "g_table"));
    builder.thread(4).waits_for(mutex(0x10, "g_table"));
    builder.thread(5).waits_for(mutex(0x10, "g_table")).holds(mutex(0x20, "g_row"));
    builder.thread(6).waits_for(mutex(0x20, "g_row"));

    EXPECT_EQ(block(judged(builder), "T3 \"loader\" blocks"), R"(
T3 "loader" blocks 4 threads: 2 for mutex g_table, 1 for mutex g_row, 1 for join
  it is now in [sleep, 3s]
  T1 waits for T3 "loader" to end
  T4, T5 wait for mutex g_table, held by T3 "loader"
    T6 waits for mutex g_row, held by T5
)");
}

TEST(Roots, OfOneWaiterAreToldInItsBlockAlone) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(3).holds(mutex(0x10));
    builder.thread(4).waits_for(mutex(0x10));

    EXPECT_EQ(judged(builder).find(" blocks "), std::string::npos);
}

TEST(Roots, ThatOnlyTheirWaitersCouldWakeAreProbableCycles) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(3).waits_on(support::condition(0x30, "g_ready")).since(3).holds(mutex(0x10, "g_outer"));
    builder.thread(3).wait().signallers = {{4, false, true}};
    builder.thread(4).waits_for(mutex(0x10, "g_outer"));

    EXPECT_EQ(block(judged(builder), "T3 blocks"), R"(
T3 blocks 1 thread: 1 for mutex g_outer
  it is now in [cond wait, 3s]
  T4 waits for mutex g_outer, held by T3
  probable cycle (likely): T4 waits for T3, and nobody else that signalled condition g_ready is left
)");
}

TEST(GroupByFunctions, TakesOtherLinesAndLocksTogether) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(2).waits_for(mutex(0x10, "g_a")).at({frame("stuck()", "bank.cpp", 10)}).since(1);
    builder.thread(3).waits_for(mutex(0x20, "g_b")).at({frame("stuck()", "bank.cpp", 12)}).since(3);

    EXPECT_NE(judged(builder).find("\nT2 [mutex lock, 1s]"), std::string::npos);
    EXPECT_EQ(block(judged(builder, {.group_by_functions = true}), "2 threads ["), R"(
2 threads [mutex lock, 1~3s]: T2, T3
    stuck()                                  bank.cpp:10
  of these, T2
  waits for mutex g_a (0x10), owner not known
  of these, T3
  waits for mutex g_b (0x20), owner not known
)");
}

}  // namespace
