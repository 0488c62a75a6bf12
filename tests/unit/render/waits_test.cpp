// SPDX-License-Identifier: Apache-2.0
//
// What threads wait for: owners, and who signalled last.
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
using report::text_of_all;
using snapshot::State;
using support::condition;
using support::frame;
using support::Frames;
using support::mutex;
using support::rwlock;
using support::SnapshotBuilder;

const Frames kTaken = {frame("take()", "bank.cpp", 20)};

TEST(LockWait, NamesOwnerTimeAndPlaces) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x5581c0e8, "g_m")).since(3).at(kStuck);
    builder.thread(3).named("owner").at(kWork).holds(mutex(0x5581c0e8, "g_m")).held_for(3.2, true).acquired_at(kTaken);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock, 3s] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex g_m (0x5581c0e8), held by T3 "owner" for at least 3.2s, acquired at
    take()                                   bank.cpp:20
  T3 is now running, at
    work()                                   bank.cpp:30
)");
}

TEST(LockWait, SaysWhatIsNotKnownOfTheOwner) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, owner not known
)");

    builder.thread(3).holds(mutex(0x10));
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T3, acquired at a place that was not recorded
  T3 is now running, no stack recorded
)");
}

TEST(LockWait, TellsOwnersThatOnlyTheLockKnows) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.libc_says(mutex(0x10), std::nullopt, 999);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by a thread that is not known, as the lock's own memory tells
)");
}

TEST(LockWait, FollowsAnOwnerIntoAnotherProcess) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.libc_says(mutex(0x10), std::nullopt, 999);
    snapshot::ProcessOwner owner;
    owner.pid = 4711;
    owner.command = "./holder";
    owner.thread = 3;
    owner.thread_name = "keeper";
    owner.for_seconds = 3.2;
    owner.acquired_at = builder.stack(kTaken);
    snapshot::Thread& now = owner.now.emplace_back();
    now.id = 3;
    now.state = State::kIo;
    now.io_function = "read";
    now.for_seconds = 3;
    now.stack = builder.stack(kWork);
    builder.thread(2).wait().process_owners.push_back(owner);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by a thread of process 4711 (./holder), as the lock's own memory tells
  T3 "keeper" of process 4711 took it 3.2s ago, at
    take()                                   bank.cpp:20
  T3 "keeper" of process 4711 is now in [io read, 3s], at
    work()                                   bank.cpp:30
)");
}

// In most of them it is main that waits, and main that has it.
TEST(LockWait, TellsAThreadOfTheSameNumberInAnotherProcessFromItself) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kFileLock).at(kStuck);
    snapshot::ProcessOwner owner;
    owner.pid = 4711;
    owner.thread = 2;
    owner.command = "./holder";
    owner.descriptor = 5;
    builder.thread(2).wait().process_owners.push_back(owner);
    const auto line = [&] {
        const std::string block = block_of_t2(builder);
        return block.substr(block.rfind("  "));
    };

    EXPECT_EQ(line(), "  held by process 4711 (./holder)\n");
    builder.thread(2).wait().process_owners.front().pid = builder.process().pid;
    EXPECT_EQ(line(), "  held by T2 itself (fd 5)\n");
}

TEST(LockWait, NamesProcessesThatReadUnderALockWhoseMemoryOnlyCountsThem) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(support::rwlock(0x10)).at(kStuck);
    snapshot::ProcessOwner owner;
    owner.pid = 4711;
    owner.command = "./reader";
    owner.mode = snapshot::Mode::kShared;
    builder.thread(2).wait().process_owners.push_back(owner);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [rwlock write] tid 4243
    stuck()                                  bank.cpp:10
  waits for rwlock 0x10, held by process 4711 (./reader) (shared)
)");
}

TEST(Wait, NamesWhoTookASharedSemaphoreLast) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(support::object(snapshot::LockKind::kSemaphore, 0x10, "g_free")).at(kStuck);
    snapshot::ProcessOwner user;
    user.pid = 4711;
    user.command = "./holder";
    user.in_doubt = true;
    builder.thread(2).wait().process_owners.push_back(user);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [semaphore] tid 4243
    stuck()                                  bank.cpp:10
  waits on semaphore g_free (0x10), last taken by process 4711 (./holder), never posted since the wait began
)");
}

TEST(LockWait, TellsADeadOwner) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10, "g_m")).at(kStuck);
    builder.thread(3).named("x").finished().holds(mutex(0x10, "g_m")).held_for(9).acquired_at(kTaken);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex g_m (0x10), held by T3 "x", which has exited, for 9s, acquired at
    take()                                   bank.cpp:20
)");
}

TEST(LockWait, TellsAThreadThatWaitsForItself) {
    SnapshotBuilder builder;
    builder.thread(2).named("loop").waits_for(mutex(0x10)).at(kStuck).holds(mutex(0x10)).acquired_at(kTaken);
    builder.thread(2).hold().depth = 3;

    EXPECT_EQ(block_of_t2(builder), R"(
T2 "loop" [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T2 itself (locked 3 times), acquired at
    take()                                   bank.cpp:20
)");
}

TEST(LockWait, TellsOwnersInDoubt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kStuck);
    builder.thread(3).at(kWork).holds(mutex(0x10)).releasing().acquired_at(kTaken);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [mutex lock] tid 4243
    stuck()                                  bank.cpp:10
  waits for mutex 0x10, held by T3 (in doubt: it may have let go), acquired at
    take()                                   bank.cpp:20
  T3 is now running, at
    work()                                   bank.cpp:30
)");
}

TEST(LockWait, SaysOfOnceWhoRunsIt) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(support::once_flag(0x10, "g_once")).at(kStuck);
    builder.thread(3).at(kWork).holds(support::once_flag(0x10, "g_once")).held_for(2).acquired_at(kTaken);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [once] tid 4243
    stuck()                                  bank.cpp:10
  waits for once g_once (0x10), run by T3 for 2s, begun at
    take()                                   bank.cpp:20
  T3 is now running, at
    work()                                   bank.cpp:30
)");
}

TEST(LockWait, CollectsReadersOfEqualPlaces) {
    SnapshotBuilder builder;
    const snapshot::Object lock = rwlock(0x10, "g_rw");
    builder.thread(2).waits_for(lock).at(kStuck);
    builder.thread(3).at(kWork).reads(lock).held_for(2).acquired_at(kTaken);
    builder.thread(4).at(kWork).reads(lock).held_for(1.5).acquired_at(kTaken);
    builder.thread(5).named("late").at(kWork).reads(lock).held_for(1).acquired_at(kWork);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [rwlock write] tid 4243
    stuck()                                  bank.cpp:10
  waits for rwlock g_rw (0x10), held by T3, T4 (reading) for 1.5~2s, acquired at
    take()                                   bank.cpp:20
  and held by T5 "late" (reading) for 1s, acquired at
    work()                                   bank.cpp:30
  T3 is now running, at
    work()                                   bank.cpp:30
  T4 is now running, at
    work()                                   bank.cpp:30
  T5 is now running, at
    work()                                   bank.cpp:30
)");
}

TEST(LockWait, TellsAQueuedWriterFromOwners) {
    SnapshotBuilder builder;
    const snapshot::Object lock = rwlock(0x10, "g_rw");
    builder.thread(2).waits_to_read(lock, true).at(kStuck);
    builder.thread(3).waits_for(lock).at(kWork);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [rwlock read] tid 4243
    stuck()                                  bank.cpp:10
  waits for rwlock g_rw (0x10), wanted first by T3
  T3 is now in [rwlock write], at
    work()                                   bank.cpp:30
)");
}

TEST(LockWait, TellsOfThreeOwnersWhatTheyDoNow) {
    SnapshotBuilder builder;
    const snapshot::Object lock = rwlock(0x10, "g_rw");
    builder.thread(2).waits_for(lock).at(kStuck);
    for (uint32_t id = 3; id <= 7; ++id) builder.thread(id).reads(lock);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [rwlock write] tid 4243
    stuck()                                  bank.cpp:10
  waits for rwlock g_rw (0x10), held by T3, T4, T5, T6, T7 (reading), acquired at a place that was not recorded
  T3 is now running, no stack recorded
  T4 is now running, no stack recorded
  T5 is now running, no stack recorded
  (and 2 more owners)
)");
}

TEST(LockWait, TellsEightPlacesWhereALockWasAcquired) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(rwlock(0x10)).at(kStuck);
    for (int id = 3; id <= 12; ++id)
        builder.thread(static_cast<uint32_t>(id)).reads(rwlock(0x10)).acquired_at({frame("read()", "bank.cpp", id)});

    const std::string lines = block_of_t2(builder);

    EXPECT_EQ(lines.substr(lines.find("  and held by T10 ")), R"(  and held by T10 (reading), acquired at
    read()                                   bank.cpp:10
  (and more owners)
  T3 is now running, no stack recorded
  T4 is now running, no stack recorded
  T5 is now running, no stack recorded
  (and 7 more owners)
)");
}

TEST(LockWait, OfADamagedRecordingIsCut) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(rwlock(0x10)).at(kStuck);
    for (uint32_t id = 3; id < 400; ++id) builder.thread(id).reads(rwlock(0x10));

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [rwlock write] tid 4243
    stuck()                                  bank.cpp:10
  waits for rwlock 0x10, held by T3-T258 (reading), acquired at a place that was not recorded
  (and perhaps more owners)
  T3 is now running, no stack recorded
  T4 is now running, no stack recorded
  T5 is now running, no stack recorded
  (and 253 more owners)
)");
}

TEST(Join, NamesTheThreadAndWhatItDoes) {
    SnapshotBuilder builder;
    builder.thread(2).joins(3).at(kStuck);
    builder.thread(3).named("slow").in(State::kSleep).since(1).at(kWork);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [join] tid 4243
    stuck()                                  bank.cpp:10
  waits for T3 "slow" to end
  T3 is now in [sleep, 1s], at
    work()                                   bank.cpp:30
)");

    builder.thread(2).wait().joins.reset();
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [join] tid 4243
    stuck()                                  bank.cpp:10
  waits for a thread to end that is not known
)");
}

TEST(Evidence, SaysThatNobodySignalled) {
    SnapshotBuilder builder;
    builder.thread(2).waits_on(condition(0x10, "g_ready")).at(kStuck);
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
  waits on condition g_ready (0x10), never signalled since the wait began
)");

    builder.thread(2).waits_for(support::object(snapshot::LockKind::kSemaphore, 0x10));
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [semaphore] tid 4243
    stuck()                                  bank.cpp:10
  never posted since the wait began
)");
}

TEST(Evidence, DoesNotDenyASignalWhoseNoteMayBeOverwritten) {
    SnapshotBuilder builder;
    builder.thread(2).waits_on(condition(0x10)).at(kStuck);
    builder.thread(2).wait().signal_unknown = true;
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
  whether it was signalled since the wait began is not known
)");

    builder.thread(2).last_signalled({.thread = 9, .ago_seconds = 3, .ago_is_lower_bound = true, .before_wait = true});
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
  last signalled at least 3s ago by T9, before the wait began, and perhaps again since
)");

    builder.thread(2).waits_for(support::object(snapshot::LockKind::kSemaphore, 0x10)).wait().last_signal.reset();
    EXPECT_TRUE(block_of_t2(builder).ends_with("\n  whether it was posted since the wait began is not known\n"));
}

TEST(Evidence, OfAFutexTellsWhatItExpectsAndWhoWokeIt) {
    SnapshotBuilder builder;
    builder.thread(3);
    snapshot::Object futex = support::object(snapshot::LockKind::kFutex, 0x10);
    futex.name = "g_latch";
    builder.thread(2).waits_for(futex).at(kStuck);
    snapshot::Wait& wait = *builder.thread(2).thread().wait;
    wait.detail = "expects 2, in FUTEX_WAIT";
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [futex] tid 4243
    stuck()                                  bank.cpp:10
  waits on futex g_latch (0x10), expects 2, in FUTEX_WAIT, no wake seen since the wait began
)");

    wait.last_signal = snapshot::LastSignal{.thread = 3, .ago_seconds = 3, .before_wait = true};
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [futex] tid 4243
    stuck()                                  bank.cpp:10
  waits on futex g_latch (0x10), expects 2, in FUTEX_WAIT, last woken 3s ago by T3, before the wait began
)");
}

TEST(Evidence, OfAProcessThatIsNotObservedClaimsNothing) {
    SnapshotBuilder builder;
    builder.process().observed = false;
    builder.thread(2).waits_on(condition(0x10)).at(kStuck);

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
)");
}

TEST(Evidence, TellsTheLastSignal) {
    SnapshotBuilder builder;
    builder.thread(3).named("feeder");
    snapshot::LastSignal signal;
    signal.thread = 3;
    signal.ago_seconds = 3;
    signal.before_wait = true;
    signal.waiters = 0;
    signal.stack = builder.stack(kTaken);
    builder.thread(2).waits_on(condition(0x10)).at(kStuck).last_signalled(signal);
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
  last signalled 3s ago by T3 "feeder", when no thread waited, before the wait began, at
    take()                                   bank.cpp:20
)");

    builder.thread(2).last_signalled({});
    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
  last signalled, after the wait began
)");
}

TEST(Evidence, OfAGroupTellsWhoseItIs) {
    SnapshotBuilder builder;
    snapshot::LastSignal signal;
    signal.thread = 9;
    signal.ago_seconds = 1;
    signal.before_wait = true;
    for (uint32_t id = 2; id <= 4; ++id) builder.thread(id).waits_on(condition(id)).at(kStuck);
    builder.thread(3).last_signalled(signal);

    EXPECT_EQ(block(text(builder, {finding(Verdict::kBlocked, {2, 3, 4})}), "3 threads"), R"(
3 threads [cond wait]: T2, T3, T4
    stuck()                                  bank.cpp:10
  T2, T4: never signalled since the wait began
  T3: last signalled 1s ago by T9, before the wait began
)");
}

TEST(Evidence, NamesWhatIoIsOn) {
    SnapshotBuilder builder;
    for (uint32_t id = 2; id <= 12; ++id) builder.thread(id).in_io("epoll_wait", "fd " + std::to_string(id)).at(kWork);

    EXPECT_EQ(block(text_of_all(builder), "11 threads"), R"(
11 threads [io epoll_wait]: T2-T12
    work()                                   bank.cpp:30
  T2: on fd 2
  T3: on fd 3
  T4: on fd 4
  T5: on fd 5
  T6: on fd 6
  T7: on fd 7
  T8: on fd 8
  T9: on fd 9
  (and more)
)");
}

TEST(Holds, AreToldWhereNoWaitTellsOfThem) {
    SnapshotBuilder builder;
    builder.thread(2).waits_on(condition(0x10)).at(kStuck).holds(mutex(0x20, "g_m")).held_for(2).acquired_at(kTaken);
    builder.thread(2).holds(mutex(0x30)).lent();
    builder.thread(2).reads(rwlock(0x40, "g_rw"));

    EXPECT_EQ(block_of_t2(builder), R"(
T2 [cond wait] tid 4243
    stuck()                                  bank.cpp:10
  never signalled since the wait began
  holds mutex g_m (0x20) for 2s, acquired at
    take()                                   bank.cpp:20
  holds rwlock g_rw (0x40) (reading), acquired at a place that was not recorded
)");
}

TEST(Holds, OfManyLocksAreCut) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).at(kWork);
    builder.thread(3).in(State::kSleep).at(kWork);
    for (uint32_t lock = 1; lock <= 3; ++lock) {
        builder.thread(2).holds(mutex(lock)).acquired_at(kTaken);
        builder.thread(3).holds(mutex(0x10 + lock)).acquired_at(kTaken);
    }

    EXPECT_EQ(block(text_of_all(builder), "2 threads"), R"(
2 threads [sleep]: T2, T3
    work()                                   bank.cpp:30
  T2 holds mutex 0x1, acquired at
    take()                                   bank.cpp:20
  T2 holds mutex 0x2, acquired at
    take()                                   bank.cpp:20
  T2 holds mutex 0x3, acquired at
    take()                                   bank.cpp:20
  T3 holds mutex 0x11, acquired at
    take()                                   bank.cpp:20
  (and more locks)
)");
}

}  // namespace
