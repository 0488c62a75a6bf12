// SPDX-License-Identifier: Apache-2.0
//
// What a recording of a process that is gone says, field by field: its threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recording_writer.h"
#include "snapshot_of.h"

namespace reader_test {
namespace {

using protocol::HoldState;
using protocol::WaitKind;
using snapshot::LockKind;
using snapshot::Reason;
using snapshot::Snapshot;
using snapshot::State;
using snapshot::Thread;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ThreadOfASnapshot, IsAsRecorded) {
    RecordingWriter writer;
    writer.module("/srv/bank", 0x10000, 0x20000);
    writer.head().ended_ns = 30 * kSecond;
    protocol::ThreadRecord& record = writer.start_thread(2, 4244);
    RecordingWriter::name(record, "teller");
    record.created_by = 1;
    record.created_stack = writer.stack({0x11111, 0x12222});
    record.created_ns = 12 * kSecond;
    record.start_routine = 0x13333;
    record.life |= protocol::kLifeExiting | protocol::kLifeDetached;
    RecordingWriter::wait(record, WaitKind::kMutex, 0x7770, 26 * kSecond, writer.stack({0x14444}));

    const Snapshot snapshot = snapshot_of(writer);

    ASSERT_THAT(ids_of(snapshot), ElementsAre(2));
    const Thread& thread = snapshot.threads[0];
    EXPECT_EQ(thread.tid, 4244U);
    EXPECT_EQ(thread.name, "teller");
    EXPECT_EQ(thread.state, State::kMutexLock);
    EXPECT_FALSE(thread.timed);
    EXPECT_EQ(thread.for_seconds, 4.0);
    EXPECT_FALSE(thread.for_is_lower_bound);
    EXPECT_EQ(thread.left_seconds, std::nullopt);
    EXPECT_EQ(thread.timeout_seconds, std::nullopt);
    EXPECT_EQ(thread.age_seconds, 18.0);
    EXPECT_EQ(thread.cpu_seconds, std::nullopt);
    EXPECT_EQ(thread.detached, true);
    EXPECT_TRUE(thread.exiting);
    EXPECT_TRUE(thread.settled);
    EXPECT_FALSE(thread.finished || thread.joined || thread.ends_process || thread.last_recorded || thread.torn);
    EXPECT_THAT(offsets_of(snapshot, thread.entry), ElementsAre(0x3333));
    EXPECT_FALSE(snapshot.stacks.at(thread.entry).frames[0].is_return_address);
    EXPECT_THAT(offsets_of(snapshot, thread.stack), ElementsAre(0x4444));
    EXPECT_EQ(thread.created_by, 1U);
    EXPECT_THAT(offsets_of(snapshot, thread.created_stack), ElementsAre(0x1111, 0x2222));
    ASSERT_TRUE(thread.wait);
    EXPECT_EQ(thread.wait->object.kind, LockKind::kMutex);
    EXPECT_EQ(thread.wait->object.address, 0x7770U);
    EXPECT_THAT(thread.holds, IsEmpty());
}

TEST(ThreadOfASnapshot, IsInTheStateOfItsWait) {
    const std::tuple<WaitKind, State, LockKind> kinds[] = {
        {WaitKind::kMutex, State::kMutexLock, LockKind::kMutex},
        {WaitKind::kRwlockRead, State::kRwlockRead, LockKind::kRwlock},
        {WaitKind::kRwlockWrite, State::kRwlockWrite, LockKind::kRwlock},
        {WaitKind::kSpin, State::kSpinLock, LockKind::kSpin},
        {WaitKind::kCondition, State::kConditionWait, LockKind::kCondition},
        {WaitKind::kSemaphore, State::kSemaphore, LockKind::kSemaphore},
        {WaitKind::kBarrier, State::kBarrier, LockKind::kBarrier},
        {WaitKind::kJoin, State::kJoin, LockKind::kThread},
        {WaitKind::kOnce, State::kOnce, LockKind::kOnce},
        {WaitKind::kFutex, State::kFutex, LockKind::kFutex},
        {WaitKind::kFileLock, State::kFileLock, LockKind::kFile},
        {WaitKind::kCustomLock, State::kCustomLock, LockKind::kCustom},
    };
    for (const auto& [kind, state, lock] : kinds) {
        RecordingWriter writer;
        RecordingWriter::wait(writer.start_thread(1), kind, 0x40);
        const Snapshot snapshot = snapshot_of(writer);
        EXPECT_EQ(thread_of(snapshot, 1).state, state);
        ASSERT_TRUE(thread_of(snapshot, 1).wait);
        EXPECT_EQ(thread_of(snapshot, 1).wait->object.kind, lock);
        EXPECT_EQ(thread_of(snapshot, 1).wait->object.address, 0x40U);
    }
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kSleep, 0);
    EXPECT_EQ(thread_of(snapshot_of(writer), 1).state, State::kSleep);
    EXPECT_FALSE(thread_of(snapshot_of(writer), 1).wait);
}

TEST(ThreadOfASnapshot, OfADeadProcessSaysWhatItsWrapperNoted) {
    const uint64_t flock = protocol::file_lock_detail(7, protocol::FileLockKind::kFlock, true);
    const std::tuple<WaitKind, State, uint64_t, std::string> rows[] = {
        {WaitKind::kFileLock, State::kFileLock, flock, "fd 7, shared flock"},
        {WaitKind::kChild, State::kChildWait, 4711, "child 4711"},
        {WaitKind::kChild, State::kChildWait, ~uint64_t{0}, "any child"},
        {WaitKind::kChild, State::kChildWait, 0, "any child of its process group"},
        {WaitKind::kChild, State::kChildWait, static_cast<uint64_t>(-12), "any child of process group 12"},
        {WaitKind::kChild, State::kChildWait, uint64_t{1} << 63, "any child of process group 9223372036854775808"},
        {WaitKind::kChild, State::kChildWait, protocol::kChildDescriptor | 9, "child of fd 9"},
        {WaitKind::kSignal, State::kSignalWait, 3, "SIGHUP, SIGINT"},
    };
    for (const auto& [kind, state, detail, words] : rows) {
        RecordingWriter writer;
        RecordingWriter::wait(writer.start_thread(1), kind, 0).detail = detail;
        const Snapshot snapshot = snapshot_of(writer);
        EXPECT_EQ(thread_of(snapshot, 1).state, state);
        ASSERT_TRUE(thread_of(snapshot, 1).wait) << words;
        EXPECT_EQ(thread_of(snapshot, 1).wait->detail, words);
    }
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kSignal, 0);
    EXPECT_FALSE(thread_of(snapshot_of(writer), 1).wait) << "not known which";
}

TEST(ThreadOfASnapshot, InATimedWaitSaysHowMuchIsLeft) {
    RecordingWriter writer;
    writer.head().ended_ns = 30 * kSecond;
    protocol::Wait& wait = RecordingWriter::wait(writer.start_thread(1), WaitKind::kSemaphore, 0x40, 20 * kSecond);
    wait.flags = protocol::kWaitTimed;
    wait.deadline_ns = 35 * kSecond;
    protocol::Wait& overdue = RecordingWriter::wait(writer.start_thread(2), WaitKind::kSleep, 0, 20 * kSecond);
    overdue.flags = protocol::kWaitTimed;
    overdue.deadline_ns = 21 * kSecond;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_TRUE(thread_of(snapshot, 1).timed);
    EXPECT_EQ(thread_of(snapshot, 1).for_seconds, 10.0);
    EXPECT_EQ(thread_of(snapshot, 1).left_seconds, 5.0);
    EXPECT_EQ(thread_of(snapshot, 1).timeout_seconds, 15.0);
    EXPECT_EQ(thread_of(snapshot, 2).left_seconds, 0.0);
    EXPECT_EQ(thread_of(snapshot, 2).timeout_seconds, 1.0);
}

TEST(ThreadOfASnapshot, OfAKilledProcessHasWaitedForAtLeastSoLong) {
    RecordingWriter writer;
    protocol::ThreadRecord& record = writer.start_thread(1);
    RecordingWriter::wait(record, WaitKind::kMutex, 0x40, 20 * kSecond);
    RecordingWriter::hold(record, 0, protocol::LockKind::kMutex, 0x50).since_ns = 25 * kSecond;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(thread_of(snapshot, 1).for_seconds, 5.0);
    EXPECT_TRUE(thread_of(snapshot, 1).for_is_lower_bound);
    EXPECT_EQ(thread_of(snapshot, 1).holds.at(0).for_seconds, 0.0);
    EXPECT_TRUE(thread_of(snapshot, 1).holds.at(0).for_is_lower_bound);
    EXPECT_EQ(snapshot.process.uptime_seconds, 15.0);
}

TEST(ThreadOfASnapshot, InNoWrapperWasLastSeenSomewhere) {
    RecordingWriter writer;
    protocol::ThreadRecord& record = writer.start_thread(2);
    RecordingWriter::wait(record, WaitKind::kMutex, 0x40, 20 * kSecond, writer.stack({0x1001}));
    record.wait.kind = WaitKind::kNone;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(thread_of(snapshot, 2).state, State::kRunning);
    EXPECT_TRUE(thread_of(snapshot, 2).last_recorded);
    EXPECT_FALSE(thread_of(snapshot, 2).wait);
    EXPECT_EQ(thread_of(snapshot, 2).for_seconds, std::nullopt);
    EXPECT_EQ(snapshot.stacks.at(thread_of(snapshot, 2).stack).frames.size(), 1U);
}

TEST(ThreadOfASnapshot, InNoWrapperWasLastSeenWhereItNotedLast) {
    RecordingWriter writer;
    protocol::ThreadRecord& record = writer.start_thread(2);
    record.created_ns = 15 * kSecond;
    RecordingWriter::wait(record, WaitKind::kNone, 0x40, 20 * kSecond, writer.stack({0x1001}));
    protocol::Hold& hold = RecordingWriter::hold(record, 4, protocol::LockKind::kMutex, 0x50);
    hold.since_ns = 25 * kSecond;
    hold.stack = writer.stack({0x2001, 0x2002});
    writer.head().ended_ns = 30 * kSecond;

    const Snapshot snapshot = snapshot_of(writer);

    const snapshot::Thread& thread = thread_of(snapshot, 2);
    EXPECT_TRUE(thread.stack_is_last_known);
    EXPECT_EQ(thread.stack_ago_seconds, 5.0);
    EXPECT_EQ(snapshot.stacks.at(thread.stack).frames.size(), 2U);
}

TEST(ThreadOfASnapshot, ThatNotedNothingSinceItBeganWasLastSeenAtItsStart) {
    RecordingWriter writer;
    protocol::ThreadRecord& record = writer.start_thread(2);
    record.created_ns = 25 * kSecond;
    record.start_routine = 0x7000;
    // The slot's earlier thread's.
    RecordingWriter::wait(record, WaitKind::kNone, 0x40, 20 * kSecond, writer.stack({0x1001}));
    writer.head().ended_ns = 30 * kSecond;

    const Snapshot snapshot = snapshot_of(writer);

    const snapshot::Thread& thread = thread_of(snapshot, 2);
    EXPECT_TRUE(thread.stack_is_last_known);
    EXPECT_EQ(thread.stack_ago_seconds, 5.0);
    EXPECT_EQ(thread.stack, thread.entry);
    EXPECT_NE(thread.entry, 0U);
}

TEST(ThreadOfASnapshot, OfAnUnknownWaitIsInNone) {
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), static_cast<WaitKind>(200), 0x40);
    EXPECT_EQ(thread_of(snapshot_of(writer), 1).state, State::kRunning);
}

TEST(ThreadOfASnapshot, InAConditionWaitNamesItsMutexAndTheLastSignal) {
    RecordingWriter writer;
    writer.head().ended_ns = 30 * kSecond;
    protocol::ThreadRecord& waiter = writer.start_thread(1);
    RecordingWriter::wait(waiter, WaitKind::kCondition, 0x40, 20 * kSecond).detail = 0x60;
    RecordingWriter::wait(writer.start_thread(5), WaitKind::kSemaphore, 0x48, 20 * kSecond);
    protocol::ThreadRecord& earlier = writer.start_thread(2);
    earlier.signals[0].time_ns = 11 * kSecond;
    earlier.signals[0].object = 0x40;
    protocol::ThreadRecord& dead = writer.start_thread(3);
    dead.life |= protocol::kLifeFinished | protocol::kLifeDetached;
    dead.signals[31].time_ns = 12 * kSecond;
    dead.signals[31].stack = writer.stack({0x1001});
    dead.signals[31].object = 0x40;
    dead.signals[30].time_ns = 25 * kSecond;
    dead.signals[30].object = 0x48;

    const Snapshot snapshot = snapshot_of(writer);

    const snapshot::Wait& wait = *thread_of(snapshot, 1).wait;
    EXPECT_EQ(wait.mutex.address, 0x60U);
    EXPECT_EQ(wait.mutex.kind, LockKind::kMutex);
    ASSERT_TRUE(wait.last_signal);
    EXPECT_EQ(wait.last_signal->thread, 3U);
    EXPECT_EQ(wait.last_signal->ago_seconds, 18.0);
    EXPECT_FALSE(wait.last_signal->ago_is_lower_bound);
    EXPECT_TRUE(wait.last_signal->before_wait);
    EXPECT_EQ(snapshot.stacks.at(wait.last_signal->stack).frames.size(), 1U);
    EXPECT_FALSE(thread_of(snapshot, 5).wait->last_signal->before_wait);
    EXPECT_THAT(ids_of(snapshot), ElementsAre(1, 2, 5));
}

TEST(ThreadOfASnapshot, WasLastSignalledAtLeastThatLongAgoWhereNobodySawTheEnd) {
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kCondition, 0x40, 20 * kSecond);
    protocol::ThreadRecord& signaller = writer.start_thread(2);
    signaller.signals[0].time_ns = 25 * kSecond;
    signaller.signals[0].object = 0x40;

    const snapshot::Wait wait = *thread_of(snapshot_of(writer), 1).wait;

    ASSERT_TRUE(wait.last_signal);
    EXPECT_TRUE(wait.last_signal->ago_is_lower_bound);
}

// The clock of holds lags by a tick. What a process had when it was forked is older, but not its thread's for longer.
TEST(HoldOfASnapshot, IsNotOlderThanItsThread) {
    RecordingWriter writer;
    writer.head().ended_ns = 30 * kSecond;
    protocol::ThreadRecord& record = writer.start_thread(1);
    record.created_ns = 20 * kSecond;
    RecordingWriter::hold(record, 0, protocol::LockKind::kMutex, 0x40).since_ns = 20 * kSecond - 9'000'000;
    RecordingWriter::hold(record, 1, protocol::LockKind::kMutex, 0x50).since_ns = 15 * kSecond;
    RecordingWriter::hold(record, 2, protocol::LockKind::kMutex, 0x60).since_ns = 21 * kSecond;

    const std::vector<snapshot::Hold> holds = thread_of(snapshot_of(writer), 1).holds;

    ASSERT_EQ(holds.size(), 3U);
    EXPECT_EQ(holds[0].for_seconds, 10.0);
    EXPECT_FALSE(holds[0].for_is_lower_bound);
    EXPECT_EQ(holds[1].for_seconds, 10.0);
    EXPECT_TRUE(holds[1].for_is_lower_bound);
    EXPECT_EQ(holds[2].for_seconds, 9.0);
    EXPECT_FALSE(holds[2].for_is_lower_bound);
}

TEST(ThreadOfASnapshot, OfAForkedChildWasNotCreatedByOneOfItsParent) {
    RecordingWriter writer;
    protocol::ThreadRecord& main = writer.start_thread(1);
    main.origin = protocol::Origin::kForked;
    main.created_by = 1;
    writer.start_thread(2).created_by = 1;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(thread_of(snapshot, 1).created_by, 0U);
    EXPECT_EQ(thread_of(snapshot, 2).created_by, 1U);
}

TEST(ThreadOfASnapshot, InAFutexWaitSaysWhatItExpectsAndWhoWokeLast) {
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kFutex, 0x40, 20 * kSecond).detail =
        protocol::futex_detail(7, 0);
    protocol::ThreadRecord& waker = writer.start_thread(2);
    waker.signals[0].time_ns = 11 * kSecond;
    waker.signals[0].object = 0x40;

    const Snapshot snapshot = snapshot_of(writer);

    const snapshot::Wait& wait = *thread_of(snapshot, 1).wait;
    EXPECT_EQ(wait.detail, "expects 7, in FUTEX_WAIT");
    ASSERT_TRUE(wait.last_signal);
    EXPECT_EQ(wait.last_signal->thread, 2U);
    EXPECT_TRUE(wait.last_signal->before_wait);
}

TEST(ThreadOfASnapshot, ThatWasNeverSignalledSaysSo) {
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kCondition, 0x40);
    protocol::ThreadRecord& other = writer.start_thread(2);
    other.signals[0].time_ns = 11 * kSecond;
    other.signals[0].object = 0x80;
    EXPECT_FALSE(thread_of(snapshot_of(writer), 1).wait->last_signal);
}

TEST(ThreadOfASnapshot, InAJoinNamesTheThread) {
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kJoin, 0xabc0).detail = 3;
    RecordingWriter::wait(writer.start_thread(4), WaitKind::kJoin, 0xabc0);
    RecordingWriter::wait(writer.start_thread(5), WaitKind::kJoin, 0xdef0);
    RecordingWriter::wait(writer.start_thread(6), WaitKind::kJoin, 0xabc0).detail = UINT64_MAX;
    writer.start_thread(2).handle = 0xabc0;
    writer.thread(1).life |= protocol::kLifeFinished | protocol::kLifeJoined;
    writer.start_thread(3).handle = 0xabc0;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(thread_of(snapshot, 1).wait->joins, 3U);
    EXPECT_EQ(thread_of(snapshot, 4).wait->joins, 3U) << "by the handle, of one that is not joined";
    EXPECT_EQ(thread_of(snapshot, 5).wait->joins, std::nullopt);
    EXPECT_EQ(thread_of(snapshot, 6).wait->joins, std::nullopt);
}

TEST(ThreadOfASnapshot, QueuesBehindWritersWhereTheLockPrefersThem) {
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kRwlockRead, 0x40).flags = protocol::kWaitPrefersWriters;
    RecordingWriter::wait(writer.start_thread(2), WaitKind::kRwlockRead, 0x40);
    EXPECT_TRUE(thread_of(snapshot_of(writer), 1).wait->prefers_writers);
    EXPECT_FALSE(thread_of(snapshot_of(writer), 2).wait->prefers_writers);
}

TEST(HoldOfASnapshot, IsAsRecorded) {
    RecordingWriter writer;
    writer.head().ended_ns = 30 * kSecond;
    protocol::ThreadRecord& record = writer.start_thread(1);
    protocol::Hold& held = RecordingWriter::hold(record, 0, protocol::LockKind::kMutex, 0x40);
    held.depth = 3;
    held.since_ns = 27 * kSecond;
    held.stack = writer.stack({0x1001, 0x1002});
    RecordingWriter::hold(record, 5, protocol::LockKind::kRwlock, 0x50, HoldState::kReleasing).mode =
        protocol::Mode::kShared;
    RecordingWriter::hold(record, 95, protocol::LockKind::kMutex, 0x60, HoldState::kLent);
    RecordingWriter::hold(record, 6, protocol::LockKind::kMutex, 0x70, HoldState::kReserved);
    RecordingWriter::hold(record, 7, protocol::LockKind::kMutex, 0x80, HoldState::kAcquiring);
    RecordingWriter::hold(record, 8, protocol::LockKind::kMutex, 0x90, static_cast<HoldState>(99));

    const Snapshot snapshot = snapshot_of(writer);

    const std::vector<snapshot::Hold>& holds = thread_of(snapshot, 1).holds;
    ASSERT_EQ(holds.size(), 3U);
    EXPECT_EQ(holds[0].lock.kind, LockKind::kMutex);
    EXPECT_EQ(holds[0].lock.address, 0x40U);
    EXPECT_EQ(holds[0].mode, snapshot::Mode::kExclusive);
    EXPECT_EQ(holds[0].depth, 3U);
    EXPECT_EQ(holds[0].for_seconds, 3.0);
    EXPECT_FALSE(holds[0].for_is_lower_bound);
    EXPECT_EQ(snapshot.stacks.at(holds[0].acquired_at).frames.size(), 2U);
    EXPECT_FALSE(holds[0].releasing || holds[0].lent);
    EXPECT_EQ(holds[1].lock.kind, LockKind::kRwlock);
    EXPECT_EQ(holds[1].mode, snapshot::Mode::kShared);
    EXPECT_TRUE(holds[1].releasing);
    EXPECT_EQ(holds[1].for_seconds, std::nullopt);
    EXPECT_EQ(holds[2].lock.address, 0x60U);
    EXPECT_TRUE(holds[2].lent);
}

TEST(EndedThread, IsListedWhileItMatters) {
    using namespace protocol;
    RecordingWriter writer;
    writer.head().ended_ns = 30 * kSecond;
    writer.start_thread(1);
    protocol::ThreadRecord& unjoined = writer.start_thread(2);
    unjoined.life |= kLifeFinished;
    unjoined.finished_ns = 28 * kSecond;
    writer.start_thread(3).life |= kLifeFinished | kLifeJoined;
    writer.start_thread(4).life |= kLifeFinished | kLifeDetached;
    protocol::ThreadRecord& dead_owner = writer.start_thread(5);
    dead_owner.life |= kLifeFinished | kLifeJoined;
    RecordingWriter::hold(dead_owner, 1, protocol::LockKind::kMutex, 0x40);
    protocol::ThreadRecord& adopted = writer.start_thread(6);
    adopted.origin = Origin::kAdopted;
    adopted.life |= kLifeFinished;
    protocol::ThreadRecord& reclaimed = writer.start_thread(7);
    reclaimed.life |= kLifeFinished | kLifeDetached | kLifeReclaimed;
    RecordingWriter::hold(reclaimed, 1, protocol::LockKind::kMutex, 0x40);
    writer.start_thread(8).life = 0;
    writer.start_thread(9).number = 0;

    const Snapshot snapshot = snapshot_of(writer);

    ASSERT_THAT(ids_of(snapshot), ElementsAre(1, 2, 5));
    EXPECT_EQ(thread_of(snapshot, 2).state, State::kExited);
    EXPECT_TRUE(thread_of(snapshot, 2).finished);
    EXPECT_FALSE(thread_of(snapshot, 2).joined);
    EXPECT_EQ(thread_of(snapshot, 2).detached, false);
    EXPECT_EQ(thread_of(snapshot, 2).for_seconds, 2.0);
    EXPECT_EQ(thread_of(snapshot, 5).state, State::kExited);
    EXPECT_TRUE(thread_of(snapshot, 5).joined);
    EXPECT_EQ(thread_of(snapshot, 5).holds.size(), 1U);
}

TEST(EndingThread, IsTheOneThatEndsTheProcess) {
    RecordingWriter writer;
    writer.start_thread(1);
    writer.start_thread(2);
    writer.head().ended_by = 2;
    const Snapshot snapshot = snapshot_of(writer, Reason::kExit);
    EXPECT_FALSE(thread_of(snapshot, 1).ends_process);
    EXPECT_TRUE(thread_of(snapshot, 2).ends_process);
}

TEST(AdoptedThread, MayBeDetachedOrNot) {
    RecordingWriter writer;
    writer.start_thread(2).origin = protocol::Origin::kAdopted;
    EXPECT_EQ(thread_of(snapshot_of(writer), 2).detached, std::nullopt);
}

TEST(Threads, AreSortedAndHaveEachNumberOnce) {
    RecordingWriter writer;
    writer.start_thread(1).number = 9;
    writer.start_thread(2).number = 3;
    writer.start_thread(3).number = 9;
    EXPECT_THAT(ids_of(snapshot_of(writer)), ElementsAre(3, 9));
}

}  // namespace
}  // namespace reader_test
