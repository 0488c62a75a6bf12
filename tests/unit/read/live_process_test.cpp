// SPDX-License-Identifier: Apache-2.0
//
// Live processes: how their recording is found, and whether it still is theirs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observed_child.h"
#include "read/read.h"

namespace reader_test {
namespace {

class LiveProcess : public ChildTest {};
class ForkedProcess : public ChildTest {};
class ReplacedProcess : public ChildTest {};
class WaitingProcess : public ChildTest {};

using protocol::WaitKind;
using reader::Recording;
using snapshot::End;
using snapshot::Reason;
using snapshot::Snapshot;
using snapshot::State;
using testing::HasSubstr;

TEST_F(LiveProcess, IsFoundByItsPid) {
    RecordingWriter writer;
    std::strcpy(writer.head().exe, "/srv/bank");
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        words.stage = 1;
        block_in_read();
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
        block_in_read();
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

TEST_F(LiveProcess, IsReadAfterItsMainThreadHasEnded) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid()).life |= protocol::kLifeFinished;
        std::thread([&] {
            own.start_thread(2, own_tid());
            words.tids[0] = own_tid();
            block_in_read();
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

/// Copies its recording to memory that `descriptor` stands for (-1: nameless), as the library does
/// where no folder will have it: what is not in use cannot be touched.
void move_to_memory(RecordingWriter& own, int descriptor) {
    const int flags = descriptor < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    if (descriptor >= 0 && ftruncate(descriptor, static_cast<off_t>(own.bytes())) != 0) _exit(1);
    void* const base = mmap(nullptr, own.bytes(), PROT_READ | PROT_WRITE, flags, descriptor, 0);
    if (base == MAP_FAILED) _exit(1);
    std::memcpy(base, own.base(), own.bytes());
    constexpr uint64_t kUsed = protocol::kHeadBytes + sizeof(protocol::ThreadRecord);
    mprotect(static_cast<char*>(base) + kUsed, own.bytes() - kUsed, PROT_NONE);
    munmap(own.base(), own.bytes());
}

TEST_F(LiveProcess, IsReadFromMemoryThatNeverHadAFile) {
    for (const bool has_memfd : {true, false}) {
        RecordingWriter writer;
        ObservedChild child(writer, [&](RecordingWriter& own, SharedWords&) {
            own.start_thread(1, own_tid());
            move_to_memory(own, has_memfd ? static_cast<int>(syscall(SYS_memfd_create, "loiter", 0)) : -1);
            block_in_read();
        });
        ASSERT_TRUE(child.wait_for_call(child.pid(), SYS_read));
        const Snapshot snapshot = look_at(child);
        ASSERT_EQ(snapshot.threads.size(), 1U);
        EXPECT_EQ(snapshot.threads[0].io_function, "read");
    }
}

TEST_F(ForkedProcess, IsNotItsParent) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        own.start_thread(1, own_tid());
        const pid_t parent = getpid();
        if (fork() == 0) {
            die_with(parent);
            words.tids[0] = static_cast<uint32_t>(getpid());
        }
        block_in_read();
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
        block_in_read();
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
