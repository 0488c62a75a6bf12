// SPDX-License-Identifier: Apache-2.0
//
// Targets and readers in different namespaces, as containers have them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>

#include <optional>

#include "observed_child.h"
#include "read/read.h"

namespace reader_test {
namespace {

class ContainedProcess : public ChildTest {};
class UnseenProcess : public ChildTest {};

using protocol::WaitKind;
using reader::Recording;
using snapshot::Reason;
using snapshot::Snapshot;
using snapshot::State;

[[noreturn]] void block() {
    while (true) poll(nullptr, 0, -1);
}

/// Runs `inside` as pid 1 of a pid namespace, and a mount namespace, of its own. False: no right to.
bool run_inside(const std::function<void()>& inside, pid_t* pid = nullptr) {
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0) return false;
    const pid_t forked = fork();
    if (forked == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        inside();
        _exit(0);
    }
    if (pid != nullptr) *pid = forked;
    return forked > 0;
}

TEST_F(ContainedProcess, IsReadUnderTheNumbersOfTheReader) {
    RecordingWriter writer;
    ObservedChild child(writer, [](RecordingWriter& own, SharedWords& words) {
        pid_t outside = 0;
        const bool is_possible = run_inside(
            [&] {
                own.head().pid = 1;
                own.head().pid_namespace = reader::namespace_inode("/proc/self/ns/pid");
                own.head().start_ticks =
                    reader::parse_stat(reader::read_small_file("/proc/self/stat", 4096))->start_ticks;
                RecordingWriter::wait(own.start_thread(1, own_tid()), WaitKind::kMutex, 0x40, reader::monotonic_now());
                block();
            },
            &outside);
        words.tids[0] = static_cast<uint32_t>(outside);
        words.stage = is_possible ? 1 : 2;
        block();
    });
    ASSERT_TRUE(child.wait_for_stage(1));
    if (child.words().stage == 2) GTEST_SKIP() << "takes the right to make namespaces";
    const uint32_t pid = child.words().tids[0];
    ASSERT_TRUE(wait_until([&] {
        const auto call =
            reader::parse_system_call(reader::read_small_file(reader::task_path(pid, pid, "syscall"), 512));
        return call && call->number == SYS_poll;
    }));

    const Recording by_pid = Recording::of_process(pid);
    const Recording by_path = Recording::open(writer.path());
    const Snapshot snapshot = by_path.take_snapshot(Reason::kDump);
    kill(static_cast<pid_t>(pid), SIGKILL);

    EXPECT_EQ(by_pid.pid(), pid);
    EXPECT_EQ(by_path.pid(), pid);
    EXPECT_EQ(by_pid.path(), "/proc/" + std::to_string(pid) + "/root" + writer.path());
    EXPECT_EQ(snapshot.process.pid, pid);
    EXPECT_EQ(snapshot.process.ppid, child.pid());
    EXPECT_EQ(snapshot.process.root, "/proc/" + std::to_string(pid) + "/root");
    ASSERT_EQ(snapshot.threads.size(), 1U);
    EXPECT_EQ(snapshot.threads[0].tid, pid);
    EXPECT_EQ(snapshot.threads[0].state, State::kMutexLock);
    EXPECT_FALSE(snapshot.threads[0].settled) << "it sits in poll";
    EXPECT_TRUE(wait_until([&] { return !by_path.is_live(); }));
}

/// What a reader that cannot see the process made of its recording.
enum Verdict : uint32_t { kNotLive = 1, kNotAtRest = 2, kLastRecorded = 4, kSettled = 8, kNoted = 16, kKept = 32 };

uint32_t judge_unseen(const RecordingWriter& writer) {
    const Recording recording = Recording::open(writer.path());
    const Snapshot snapshot = recording.take_snapshot(Reason::kDump);
    uint32_t verdict = 0;
    if (!recording.is_live()) verdict |= kNotLive;
    if (!snapshot.process.at_rest) verdict |= kNotAtRest;
    if (snapshot.threads.at(0).last_recorded) verdict |= kLastRecorded;
    if (snapshot.threads.at(0).settled) verdict |= kSettled;
    if (snapshot.notes.size() == 1 && snapshot.notes[0].find("namespace") != std::string::npos) verdict |= kNoted;
    if (reader::prune(writer.folder(), 0, 0) == 0) verdict |= kKept;
    return verdict;
}

/// By a reader in a pid namespace of its own; empty: no right to make one.
std::optional<uint32_t> judge_from_inside(RecordingWriter& writer) {
    ObservedChild reader(writer, [](RecordingWriter& own, SharedWords& words) {
        own.head().pid_namespace = 7;  // none that anybody can see
        const bool is_possible = run_inside([&] {
            words.address = judge_unseen(own);
            words.stage = 1;
        });
        if (!is_possible) words.stage = 2;
        block();
    });
    if (!reader.wait_for_stage(1) || reader.words().stage == 2) return std::nullopt;
    return static_cast<uint32_t>(reader.words().address);
}

TEST_F(UnseenProcess, MayLiveAndIsReadAsRecorded) {
    RecordingWriter writer;
    writer.start_thread(1);
    const std::optional<uint32_t> verdict = judge_from_inside(writer);
    if (!verdict) GTEST_SKIP() << "takes the right to make namespaces";
    EXPECT_EQ(*verdict, kNotLive | kNotAtRest | kLastRecorded | kSettled | kNoted | kKept);
}

TEST_F(UnseenProcess, IsGoneWhenItSaysSo) {
    RecordingWriter writer;
    writer.start_thread(1);
    writer.head().phase = protocol::Phase::kDone;
    const std::optional<uint32_t> verdict = judge_from_inside(writer);
    if (!verdict) GTEST_SKIP() << "takes the right to make namespaces";
    EXPECT_EQ(*verdict, kNotLive | kLastRecorded | kSettled);
}

}  // namespace
}  // namespace reader_test
