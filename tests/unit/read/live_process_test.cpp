// SPDX-License-Identifier: Apache-2.0
//
// Live processes: what /proc and libc's memory add to the recording, and when both contradict it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>

#include <thread>

#include "observed_child.h"
#include "read/read.h"

namespace reader_test {
namespace {

class LiveProcess : public ChildTest {};
class LiveThread : public ChildTest {};
class GoneThread : public ChildTest {};
class NewThread : public ChildTest {};
class ForkedProcess : public ChildTest {};
class ReplacedProcess : public ChildTest {};
class WaitingProcess : public ChildTest {};

using protocol::WaitKind;
using reader::Recording;
using snapshot::End;
using snapshot::LockKind;
using snapshot::Reason;
using snapshot::Snapshot;
using snapshot::State;
using snapshot::Thread;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

[[noreturn]] void block() {
    int ends[2];
    char byte;
    if (pipe(ends) != 0) _exit(1);
    while (true) (void)!read(ends[0], &byte, 1);
}

void tell(SharedWords& words, size_t index) {
    words.tids[index] = own_tid();
}

Snapshot look_at(const ObservedChild& child, Reason reason = Reason::kDump) {
    return Recording::of_process(child.pid()).take_snapshot(reason);
}

const Thread& thread_with_tid(const Snapshot& snapshot, uint32_t tid) {
    for (const Thread& thread : snapshot.threads) {
        if (thread.tid == tid) return thread;
    }
    throw std::runtime_error("no thread with tid " + std::to_string(tid));
}

TEST_F(LiveProcess, IsFoundByItsPid) {
    RecordingWriter writer;
    std::strcpy(writer.head().exe, "/srv/bank");
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        words.stage = 1;
        block();
    });
    ASSERT_TRUE(child.wait_for_stage(1) && child.wait_for_call(child.pid(), SYS_read));

    const Recording recording = Recording::of_process(child.pid());
    const Snapshot snapshot = recording.take_snapshot(Reason::kDump);

    EXPECT_TRUE(reader::is_observed(child.pid()));
    EXPECT_EQ(recording.path(), writer.path());
    EXPECT_EQ(recording.pid(), child.pid());
    EXPECT_TRUE(recording.is_live());
    EXPECT_FALSE(recording.is_replaced());
    EXPECT_TRUE(Recording::open(writer.path()).is_live());
    EXPECT_EQ(snapshot.process.pid, child.pid());
    EXPECT_EQ(snapshot.process.ppid, static_cast<uint32_t>(getpid()));
    EXPECT_EQ(snapshot.process.end, End::kAlive);
    EXPECT_EQ(snapshot.process.status, std::nullopt);
    EXPECT_FALSE(snapshot.process.at_rest);
    EXPECT_EQ(snapshot.process.root, "");
    EXPECT_TRUE(reader::find_recordings(writer.folder()).at(0).live);
    EXPECT_EQ(reader::prune(writer.folder(), 0, 0), 0U);
}

TEST_F(LiveProcess, IsLiveUntilItIsDead) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter&, SharedWords& words) {
        words.stage = 1;
        block();
    });
    ASSERT_TRUE(child.wait_for_stage(1));
    const Recording recording = Recording::open(writer.path());
    EXPECT_TRUE(recording.is_live());

    child.kill_only();

    EXPECT_TRUE(wait_until([&] { return !recording.is_live(); })) << "a zombie is dead";
    const uint32_t pid = child.pid();
    child.end();
    EXPECT_FALSE(recording.is_live());
    EXPECT_FALSE(reader::process_exists(pid));
    EXPECT_TRUE(recording.take_snapshot(Reason::kPostMortem).process.at_rest);
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
        block();
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
    EXPECT_THAT(main.wait->detail, testing::MatchesRegex("fd [0-9]+ pipe:\\[[0-9]+\\]"));
    EXPECT_TRUE(main.cpu_seconds && main.settled);
    EXPECT_FALSE(main.last_recorded || main.timed);
    EXPECT_TRUE(snapshot.stacks.at(main.stack).incomplete);
    EXPECT_EQ(snapshot.stacks.at(main.stack).frames.size(), 1U);

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
    EXPECT_EQ(snapshot.created_total, 6U);
}

/// Two mutexes and two threads that have one each and want the other.
void deadlock(RecordingWriter& own, SharedWords& words) {
    static pthread_mutex_t mutexes[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
    words.address = reinterpret_cast<uint64_t>(&mutexes[0]);
    own.start_thread(1, own_tid());
    own.start_thread(2);
    own.start_thread(3);
    pthread_barrier_t both;
    pthread_barrier_init(&both, nullptr, 2);
    for (uint32_t i = 0; i < 2; ++i) {
        std::thread([&, i] {
            protocol::ThreadRecord& record = own.start_thread(i + 2, own_tid());
            pthread_mutex_lock(&mutexes[i]);
            RecordingWriter::hold(record, 0, protocol::LockKind::kMutex, reinterpret_cast<uint64_t>(&mutexes[i]));
            pthread_barrier_wait(&both);
            RecordingWriter::wait(record, WaitKind::kMutex, reinterpret_cast<uint64_t>(&mutexes[1 - i]),
                                  reader::monotonic_now());
            tell(words, i);
            pthread_mutex_lock(&mutexes[1 - i]);
        }).detach();
    }
    block();
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
        block();
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
        block();
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
        block();
    });
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex));
    const Snapshot snapshot = look_at(child);
    EXPECT_TRUE(snapshot.threads.at(1).settled);
    EXPECT_EQ(snapshot.lock_memory.at(reinterpret_cast<uint64_t>(&lock)).owner_thread, 1U);
}

TEST_F(LiveThread, WhoseLockIsOutOfReachSaysSo) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords&) {
        RecordingWriter::wait(own.start_thread(1, own_tid()), WaitKind::kMutex, 0x40);
        block();
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
        block();
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
        own.start_thread(2, own_tid()).origin = protocol::Origin::kAdopted;
        own.thread(0).tid = 1;  // no thread of this process
        block();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));
    const Snapshot snapshot = look_at(child);
    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_TRUE(snapshot.threads[0].finished);
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
            block();
        }).detach();
        block();
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read) && child.wait_for_call_of(0, SYS_read));
    const Snapshot snapshot = look_at(child);
    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_EQ(snapshot.threads[1].id, 2U);
    EXPECT_EQ(snapshot.threads[1].tid, child.words().tids[0]);
    EXPECT_EQ(snapshot.threads[1].state, State::kIo);
}

TEST_F(LiveProcess, IsReadAfterItsMainThreadHasEnded) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid()).life |= protocol::kLifeFinished;
        std::thread([&] {
            own.start_thread(2, own_tid());
            tell(words, 0);
            block();
        }).detach();
        syscall(SYS_exit, 0);
    });
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_read));
    ASSERT_TRUE(wait_until([&] { return reader::stat_of_task(child.pid(), child.pid())->state == 'Z'; }));

    const Recording recording = Recording::of_process(child.pid());
    const Snapshot snapshot = recording.take_snapshot(Reason::kDump);

    EXPECT_TRUE(recording.is_live());
    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_TRUE(snapshot.threads[0].finished);
    EXPECT_EQ(snapshot.threads[1].io_function, "read");
    EXPECT_THAT(snapshot.threads[1].wait->detail, HasSubstr("pipe:"));
}

TEST_F(LiveProcess, IsReadFromMemoryWhenTheFileHasNoNameAnyMore) {
    RecordingWriter writer;
    ObservedChild child(writer, deadlock);
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex) && child.wait_for_call_of(1, SYS_futex));
    unlink(writer.path().c_str());

    Recording recording = Recording::of_process(child.pid());
    const Snapshot snapshot = recording.take_snapshot(Reason::kDump);
    recording.answer_done();

    EXPECT_EQ(recording.nonce(), RecordingWriter::kNonce);
    EXPECT_TRUE(recording.is_live());
    ASSERT_EQ(snapshot.threads.size(), 3U);
    EXPECT_TRUE(snapshot.threads[1].settled && snapshot.threads[2].settled);
    EXPECT_EQ(writer.head().answer.load(), protocol::Answer::kDone);
    child.end();
    EXPECT_FALSE(recording.is_live());
}

TEST_F(LiveProcess, IsReadFromAMemfd) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        const int descriptor = static_cast<int>(syscall(SYS_memfd_create, "loiter", 0));
        if (write(descriptor, own.base(), own.bytes()) != static_cast<ssize_t>(own.bytes())) _exit(1);
        auto* const base =
            static_cast<char*>(mmap(nullptr, own.bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        close(descriptor);
        // As the library leaves it: what is not in use cannot be touched.
        mprotect(base + protocol::kHeadBytes + 4096, own.bytes() - protocol::kHeadBytes - 4096, PROT_NONE);
        munmap(own.base(), own.bytes());
        words.stage = 1;
        block();
    });
    ASSERT_TRUE(child.wait_for_stage(1) && child.wait_for_call(child.pid(), SYS_read));
    const Snapshot snapshot = look_at(child);
    ASSERT_EQ(snapshot.threads.size(), 1U);
    EXPECT_EQ(snapshot.threads[0].io_function, "read");
}

TEST_F(ForkedProcess, IsNotItsParent) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        const pid_t forked = fork();
        if (forked == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            block();
        }
        words.tids[0] = static_cast<uint32_t>(forked);
        block();
    });
    ASSERT_TRUE(wait_until([&] { return child.words().tids[0] != 0; }));
    EXPECT_THROW(Recording::of_process(child.words().tids[0]), reader::Error);
    EXPECT_FALSE(reader::is_observed(child.words().tids[0]));
}

TEST_F(ReplacedProcess, LivesOnAsAnotherImage) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords&) {
        RecordingWriter::wait(own.start_thread(1, own_tid()), WaitKind::kMutex, 0x40, reader::monotonic_now());
        execl("/bin/sleep", "sleep", "1000", nullptr);
    });
    ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_clock_nanosleep));
    const Recording recording = Recording::open(writer.path());

    const Snapshot snapshot = recording.take_snapshot(Reason::kExit);

    EXPECT_TRUE(recording.is_live());
    EXPECT_TRUE(recording.is_replaced());
    EXPECT_EQ(snapshot.process.end, End::kExec);
    EXPECT_EQ(snapshot.process.status, std::nullopt);
    EXPECT_TRUE(snapshot.process.at_rest);
    EXPECT_EQ(snapshot.threads.at(0).state, State::kMutexLock);
    EXPECT_FALSE(reader::find_recordings(writer.folder()).at(0).live);
    EXPECT_THROW(Recording::of_process(child.pid()), reader::Error);
}

TEST_F(WaitingProcess, IsShownAtItsEnd) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        own.head().ended_by = 1;
        own.head().end = protocol::End::kExit;
        own.head().status = 3;
        own.head().ended_ns = reader::monotonic_now();
        own.head().phase = protocol::Phase::kWaiting;
        words.stage = 1;
        block();
    });
    ASSERT_TRUE(child.wait_for_stage(1));
    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kExit);
    EXPECT_EQ(snapshot.process.end, End::kExit);
    EXPECT_EQ(snapshot.process.status, 3);
    EXPECT_FALSE(snapshot.process.at_rest);
    EXPECT_TRUE(snapshot.threads.at(0).ends_process);
    EXPECT_EQ(look_at(child).process.end, End::kAlive);
}

}  // namespace
}  // namespace reader_test
