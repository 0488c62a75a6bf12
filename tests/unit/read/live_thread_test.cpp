// SPDX-License-Identifier: Apache-2.0
//
// Threads of live processes: what /proc and libc's memory add to the recording, and when both
// contradict it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/prctl.h>

#include <thread>

#include "observed_child.h"
#include "read/read.h"

namespace reader_test {
namespace {

class LiveThread : public ChildTest {};
class GoneThread : public ChildTest {};
class NewThread : public ChildTest {};

using protocol::WaitKind;
using reader::Recording;
using snapshot::LockKind;
using snapshot::Reason;
using snapshot::Snapshot;
using snapshot::State;
using snapshot::Thread;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

void tell(SharedWords& words, size_t index) {
    words.tids[index] = own_tid();
}

const Thread& thread_with_tid(const Snapshot& snapshot, uint32_t tid) {
    for (const Thread& thread : snapshot.threads) {
        if (thread.tid == tid) return thread;
    }
    throw std::runtime_error("no thread with tid " + std::to_string(tid));
}

TEST_F(LiveThread, OutsideOfWrappersIsInWhatTheKernelSays) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        own.head().created_total = 4;
        std::thread([&] {
            own.start_thread(2, own_tid());
            prctl(PR_SET_NAME, "sleeper");
            tell(words, 0);
            const timespec day{86400, 0};
            nanosleep(&day, nullptr);
        }).detach();
        std::thread([&] {
            tell(words, 1);
            epoll_event event;
            epoll_wait(epoll_create1(0), &event, 1, -1);
        }).detach();
        std::thread([&] {
            tell(words, 2);
            const timespec day{86400, 0};
            syscall(SYS_futex, &words.stage, 0 /* FUTEX_WAIT */, 0, &day, nullptr, 0);
        }).detach();
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_clock_nanosleep) && child.wait_for_call_of(1, SYS_epoll_wait) &&
                child.wait_for_call_of(2, SYS_futex));

    const Snapshot snapshot = look_at(child);

    ASSERT_EQ(snapshot.threads.size(), 4U);
    const Thread& main = snapshot.threads[0];
    EXPECT_EQ(main.id, 1U);
    EXPECT_EQ(main.tid, child.pid());
    EXPECT_EQ(main.state, State::kIo);
    EXPECT_EQ(main.io_function, "read");
    ASSERT_TRUE(main.wait);
    EXPECT_THAT(
        main.wait->detail,
        testing::MatchesRegex("fd [0-9]+ pipe:\\[[0-9]+\\], other end held by this process \\(fd [0-9]+\\) alone"));
    EXPECT_TRUE(main.cpu_seconds && main.settled);
    EXPECT_FALSE(main.last_recorded || main.timed);
    EXPECT_FALSE(snapshot.stacks.at(main.stack).incomplete);
    EXPECT_GT(snapshot.stacks.at(main.stack).frames.size(), 3U) << "read, the block, main, what called it";

    const Thread& sleeper = snapshot.threads[1];
    EXPECT_EQ(sleeper.id, 2U);
    EXPECT_EQ(sleeper.name, "sleeper");
    EXPECT_EQ(sleeper.state, State::kSleep);
    EXPECT_TRUE(sleeper.timed);

    const Thread& poller = thread_with_tid(snapshot, child.words().tids[1]);
    EXPECT_GT(poller.id, 4U) << "numbers of threads without a record come after all others";
    EXPECT_EQ(poller.io_function, "epoll_wait");
    EXPECT_EQ(poller.created_by, 0U);
    EXPECT_EQ(poller.detached, std::nullopt);
    EXPECT_TRUE(poller.age_seconds);
    const Thread& futex = thread_with_tid(snapshot, child.words().tids[2]);
    EXPECT_EQ(futex.state, State::kFutex);
    EXPECT_TRUE(futex.timed);
    EXPECT_EQ(futex.wait->object.address, reinterpret_cast<uint64_t>(&child.words().stage));
    EXPECT_EQ(futex.wait->object.kind, LockKind::kFutex);
    EXPECT_EQ(futex.wait->detail, "expects 0, in FUTEX_WAIT");
    EXPECT_EQ(snapshot.created_total, 6U);
}

TEST_F(LiveThread, WhoseCallIsNotKnownIsDescribedByItsRecord) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        const auto begin = [&](uint32_t number, WaitKind kind, uint64_t detail, size_t index) {
            RecordingWriter::wait(own.start_thread(number, own_tid()), kind, 0).detail = detail;
            tell(words, index);
            // In no call of that kind.
            const timespec day{86400, 0};
            nanosleep(&day, nullptr);
        };
        std::thread(begin, 2, WaitKind::kFileLock, protocol::file_lock_detail(2, protocol::FileLockKind::kFlock, true),
                    0)
            .detach();
        std::thread(begin, 3, WaitKind::kChild, 4711, 1).detach();
        std::thread(begin, 4, WaitKind::kSignal, 3, 2).detach();
        own.start_thread(1, own_tid());
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));
    for (const size_t i : {0U, 1U, 2U}) ASSERT_TRUE(child.wait_for_call_of(i, SYS_clock_nanosleep));

    const Snapshot snapshot = look_at(child);

    const auto detail = [&](size_t i) { return snapshot.threads.at(i).wait ? snapshot.threads[i].wait->detail : ""; };
    EXPECT_THAT(detail(1), testing::AllOf(testing::StartsWith("fd 2 "), testing::EndsWith(", shared flock")));
    EXPECT_EQ(detail(2), "child 4711, which is no child of this process");
    EXPECT_EQ(detail(3), "SIGHUP, SIGINT");
}

TEST_F(LiveThread, OfADeadlockIsSettledAndLibcAgrees) {
    RecordingWriter writer;
    ObservedChild child(writer, deadlock);
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex) && child.wait_for_call_of(1, SYS_futex));

    const Snapshot snapshot = look_at(child);

    const uint64_t first = child.words().address;
    ASSERT_EQ(snapshot.threads.size(), 3U);
    for (const size_t i : {1U, 2U}) {
        EXPECT_EQ(snapshot.threads[i].state, State::kMutexLock);
        EXPECT_TRUE(snapshot.threads[i].settled);
        EXPECT_EQ(snapshot.threads[i].tid, child.words().tids[i - 1]);
        EXPECT_GE(snapshot.threads[i].for_seconds.value_or(-1), 0);
        const uint64_t wanted = snapshot.threads[i].wait->object.address;
        ASSERT_TRUE(snapshot.lock_memory.contains(wanted));
        EXPECT_EQ(snapshot.lock_memory.at(wanted).owner_thread, 5 - snapshot.threads[i].id);
        EXPECT_EQ(snapshot.lock_memory.at(wanted).owner_tid, snapshot.threads[3 - i].tid);
    }
    EXPECT_TRUE(snapshot.lock_memory.contains(first));
    EXPECT_THAT(snapshot.notes, IsEmpty());
}

TEST_F(LiveThread, ThatTheKernelSeesElsewhereIsNotSettled) {
    RecordingWriter writer;
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords&) {
        RecordingWriter::wait(own.start_thread(1, own_tid()), WaitKind::kMutex, reinterpret_cast<uint64_t>(&mutex));
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));

    const Snapshot snapshot = look_at(child);

    EXPECT_EQ(snapshot.threads.at(0).state, State::kMutexLock);
    EXPECT_FALSE(snapshot.threads[0].settled);
    EXPECT_EQ(snapshot.lock_memory.at(reinterpret_cast<uint64_t>(&mutex)).owner_tid, 0U);
}

TEST_F(LiveThread, ThatTakesItsMutexAgainWaitsForTheMutex) {
    RecordingWriter writer;
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        std::thread([&] {
            protocol::ThreadRecord& record = own.start_thread(2, own_tid());
            pthread_mutex_lock(&mutex);
            const auto address = reinterpret_cast<uint64_t>(&mutex);
            RecordingWriter::hold(record, 0, protocol::LockKind::kMutex, address, protocol::HoldState::kLent);
            RecordingWriter::wait(record, WaitKind::kCondition, reinterpret_cast<uint64_t>(&condition), 1).detail =
                address;
            tell(words, 0);
            pthread_cond_wait(&condition, &mutex);
        }).detach();
        wait_until([&] { return words.stage == 1; });
        pthread_mutex_lock(&mutex);
        pthread_cond_signal(&condition);
        words.stage = 2;
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex));
    EXPECT_EQ(look_at(child).threads.at(1).state, State::kConditionWait);
    child.words().stage = 1;
    ASSERT_TRUE(child.wait_for_stage(2));
    ASSERT_TRUE(wait_until([&] { return look_at(child).threads.at(1).state == State::kMutexLock; }));

    const Snapshot snapshot = look_at(child);

    const Thread& waiter = snapshot.threads.at(1);
    EXPECT_EQ(waiter.wait->object.kind, LockKind::kMutex);
    EXPECT_EQ(waiter.wait->object.address, reinterpret_cast<uint64_t>(&mutex));
    EXPECT_FALSE(waiter.timed);
    EXPECT_TRUE(waiter.settled);
    EXPECT_TRUE(waiter.holds.at(0).lent);
    EXPECT_EQ(snapshot.lock_memory.at(reinterpret_cast<uint64_t>(&mutex)).owner_thread, 1U);
}

TEST_F(LiveThread, OfARwlockKnowsItsWriter) {
    RecordingWriter writer;
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        pthread_rwlock_wrlock(&lock);
        std::thread([&] {
            RecordingWriter::wait(own.start_thread(2, own_tid()), WaitKind::kRwlockRead,
                                  reinterpret_cast<uint64_t>(&lock));
            tell(words, 0);
            pthread_rwlock_rdlock(&lock);
        }).detach();
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex));
    const Snapshot snapshot = look_at(child);
    EXPECT_TRUE(snapshot.threads.at(1).settled);
    EXPECT_EQ(snapshot.lock_memory.at(reinterpret_cast<uint64_t>(&lock)).owner_thread, 1U);
}

/// T1 reads twice and T2 once, T3 waits to write: but T1 let go of one unseen. T4 is about to read.
void read_and_wait(RecordingWriter& own, SharedWords& words, pthread_rwlock_t& lock) {
    const auto address = reinterpret_cast<uint64_t>(&lock);
    const auto read = [&](uint32_t number, uint32_t depth, protocol::HoldState state) {
        protocol::ThreadRecord& record = own.start_thread(number, own_tid());
        protocol::Hold& hold = RecordingWriter::hold(record, 0, protocol::LockKind::kRwlock, address, state);
        hold.mode = protocol::Mode::kShared;
        hold.depth = depth;
    };
    pthread_rwlock_rdlock(&lock);
    pthread_rwlock_rdlock(&lock);
    read(1, 2, protocol::HoldState::kHeld);
    read(2, 1, protocol::HoldState::kHeld);
    read(4, 1, protocol::HoldState::kAcquiring);
    std::thread([&] {
        RecordingWriter::wait(own.start_thread(3, own_tid()), WaitKind::kRwlockWrite, address);
        tell(words, 0);
        pthread_rwlock_wrlock(&lock);
    }).detach();
    block_in_read();
}

TEST_F(LiveThread, OfARwlockKnowsHowManyReadIt) {
    static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    static pthread_rwlock_t polite = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
    for (pthread_rwlock_t* const one : {&lock, &polite}) {
        RecordingWriter writer;
        ObservedChild child(writer,
                            [one](RecordingWriter& own, SharedWords& words) { read_and_wait(own, words, *one); });
        ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex) && child.wait_for_call(child.pid(), SYS_read));

        const snapshot::LockMemory memory = look_at(child).lock_memory.at(reinterpret_cast<uint64_t>(one));

        EXPECT_EQ(memory.owner_tid, 0U);
        EXPECT_EQ(memory.readers, 2U);
        EXPECT_EQ(memory.recorded_readers, one == &polite ? 3U : 4U)
            << "one that is about to read may let writers pass";
    }
}

TEST_F(LiveThread, WhoseLockIsOutOfReachSaysSo) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords&) {
        RecordingWriter::wait(own.start_thread(1, own_tid()), WaitKind::kMutex, 0x40);
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));
    const Snapshot snapshot = look_at(child);
    EXPECT_THAT(snapshot.lock_memory, IsEmpty());
    EXPECT_THAT(snapshot.notes, Contains(HasSubstr("memory could not be read")));
}

TEST_F(GoneThread, IsListedOnlyWhenSomebodyShouldHaveJoinedIt) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords&) {
        own.start_thread(1, own_tid());
        std::thread([&] { own.start_thread(2, own_tid()); }).join();
        std::thread([&] { own.start_thread(3, own_tid()).origin = protocol::Origin::kAdopted; }).join();
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));

    const Snapshot snapshot = look_at(child);

    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_EQ(snapshot.threads[1].id, 2U);
    EXPECT_TRUE(snapshot.threads[1].finished);
    EXPECT_EQ(snapshot.threads[1].state, State::kExited);
}

TEST_F(GoneThread, IsNotTakenForALaterOneWithItsTid) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords&) {
        own.start_thread(1, own_tid());
        own.start_thread(2, own_tid());
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));
    const Snapshot snapshot = look_at(child);
    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_TRUE(snapshot.threads[0].finished);
    EXPECT_FALSE(snapshot.threads[1].finished);
    EXPECT_EQ(snapshot.threads[1].state, State::kIo);
}

TEST_F(NewThread, IsListedOnceBeforeItsRecordHasItsTid) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        protocol::ThreadRecord& record = own.start_thread(2, 1);
        record.tid = 0;
        record.created_ns = reader::monotonic_now();
        std::thread([&] {
            tell(words, 0);
            block_in_read();
        }).detach();
        block_in_read();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read) && child.wait_for_call_of(0, SYS_read));
    const Snapshot snapshot = look_at(child);
    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_EQ(snapshot.threads[1].id, 2U);
    EXPECT_EQ(snapshot.threads[1].tid, child.words().tids[0]);
    EXPECT_EQ(snapshot.threads[1].state, State::kIo);
}

}  // namespace
}  // namespace reader_test
