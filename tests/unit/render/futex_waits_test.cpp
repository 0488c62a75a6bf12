// SPDX-License-Identifier: Apache-2.0
//
// Waits on futexes: what they mean, and who is known to end them.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using report::block_of_t2;
using report::kStuck;
using report::kWork;
using support::SnapshotBuilder;

TEST(FutexWait, IsNamedForWhatItMeans) {
    SnapshotBuilder builder;
    snapshot::Object latch = support::object(snapshot::LockKind::kFutex, 0x10);
    latch.name = "g_latch";
    latch.noun = "latch";
    builder.thread(2).waits_for(latch).at(kStuck);
    builder.thread(2).thread().meaning = "latch";

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [latch] tid 4243
    stuck()                                  bank.cpp:10
  waits on latch g_latch (0x10), no wake seen since the wait began
)");
}

TEST(FutexWait, OfSeveralThreadsHasTheAddressOfWhatHasNoName) {
    SnapshotBuilder builder;
    snapshot::Object barrier = support::object(snapshot::LockKind::kFutex, 0x10);
    barrier.noun = "barrier";
    builder.thread(2).waits_for(barrier).at(kStuck);
    builder.thread(2).thread().meaning = "omp barrier";

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [omp barrier] tid 4243
    stuck()                                  bank.cpp:10
  waits on barrier 0x10, no wake seen since the wait began
)");
}

TEST(FutexWait, OfSleepIsNobodysToSignal) {
    SnapshotBuilder builder;
    snapshot::Object time = support::object(snapshot::LockKind::kCondition, 0x10);
    time.noun = "time";
    builder.thread(2).waits_for(time).at(kStuck);
    builder.thread(2).thread().meaning = "sleep";

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [sleep] tid 4243
    stuck()                                  bank.cpp:10
)");
}

TEST(FutexWait, NamesTheThreadsThatItEndsAfter) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(support::object(snapshot::LockKind::kFutex, 0x10)).at(kStuck);
    builder.thread(3).at(kWork);
    builder.thread(2).thread().meaning = "rust scope join";
    builder.thread(2).thread().wait->members = {3};

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [rust scope join] tid 4243
    stuck()                                  bank.cpp:10
  waits for T3 to end
  T3 is now running, at
    work()                                   bank.cpp:30
)");
}

TEST(FutexWait, NamesTheOwnerThatItsWordHas) {
    SnapshotBuilder builder;
    const snapshot::Object futex = support::object(snapshot::LockKind::kFutex, 0x10);
    builder.thread(2).waits_for(futex).at(kStuck);
    builder.thread(3).at(kWork);
    builder.thread(2).thread().wait->detail = "in FUTEX_LOCK_PI";
    builder.libc_says(futex, 3);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [futex] tid 4243
    stuck()                                  bank.cpp:10
  waits for futex 0x10 (in FUTEX_LOCK_PI), held by T3, as the lock's own memory tells
  T3 is now running, at
    work()                                   bank.cpp:30
)");
}

}  // namespace
