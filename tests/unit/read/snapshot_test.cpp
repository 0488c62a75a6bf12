// SPDX-License-Identifier: Apache-2.0
//
// What a recording of a process that is gone says, field by field: the process and its stacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recording_writer.h"
#include "snapshot_of.h"

namespace reader_test {
namespace {

using protocol::WaitKind;
using snapshot::End;
using snapshot::Reason;
using snapshot::Snapshot;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ProcessOfASnapshot, IsAsRecorded) {
    RecordingWriter writer;
    writer.head().ppid = 4200;
    writer.head().ended_ns = 22 * kSecond + kSecond / 2;
    writer.head().phase = protocol::Phase::kDone;
    writer.head().end = protocol::End::kExit;
    writer.head().status = 259;
    writer.head().created_total = 12;
    writer.head().threads_lost = 1;
    writer.head().holds_lost = 2;
    writer.head().stacks_lost = 3;
    writer.start_thread(1).holds_lost = 40;
    std::strcpy(writer.head().exe, "/srv/bank");
    writer.command({"./bank"});

    const Snapshot snapshot = snapshot_of(writer, Reason::kExit);

    EXPECT_EQ(snapshot.process.pid, kDeadPid);
    EXPECT_EQ(snapshot.process.ppid, 4200U);
    EXPECT_EQ(snapshot.process.exe, "/srv/bank");
    EXPECT_THAT(snapshot.process.command, ElementsAre("./bank"));
    EXPECT_TRUE(snapshot.process.observed);
    EXPECT_EQ(snapshot.process.reason, Reason::kExit);
    EXPECT_EQ(snapshot.process.end, End::kExit);
    EXPECT_EQ(snapshot.process.status, 3);
    EXPECT_DOUBLE_EQ(snapshot.process.uptime_seconds, 12.5);
    EXPECT_TRUE(snapshot.process.at_rest);
    EXPECT_EQ(snapshot.process.root, "");
    EXPECT_EQ(snapshot.created_total, 12U);
    EXPECT_EQ(snapshot.losses.threads, 1U);
    EXPECT_EQ(snapshot.losses.holds, 42U);
    EXPECT_EQ(snapshot.losses.stacks, 3U);
    EXPECT_THAT(snapshot.notes, IsEmpty());
}

TEST(ProcessOfASnapshot, EndsAsTheTargetAndItsParentSay) {
    struct Case {
        protocol::Phase phase;
        protocol::End end;
        int status;
        bool has_wait_status;
        int wait_status;
        End expected;
        std::optional<int> expected_status;
    };
    using protocol::Phase;
    const Case cases[] = {
        {Phase::kDone, protocol::End::kReturn, 0, false, 0, End::kReturn, 0},
        {Phase::kDone, protocol::End::kReturn, -1, false, 0, End::kReturn, 255},
        {Phase::kWaiting, protocol::End::kExit, 256 + 7, false, 0, End::kExit, 7},
        {Phase::kEnding, protocol::End::kUnderscoreExit, 1, false, 0, End::kUnderscoreExit, 1},
        {Phase::kDone, protocol::End::kQuickExit, 2, true, 2 << 8, End::kQuickExit, 2},
        {Phase::kDone, protocol::End::kExec, -1, false, 0, End::kExec, std::nullopt},
        {Phase::kWaiting, protocol::End::kExit, 0, true, 15, End::kSignal, 143},
        {Phase::kRunning, protocol::End::kNone, -1, true, 9, End::kSignal, 137},
        {Phase::kRunning, protocol::End::kNone, -1, true, 4 << 8, End::kUnknown, 4},
        {Phase::kRunning, protocol::End::kExit, 0, false, 0, End::kUnknown, std::nullopt},
        {Phase::kRunning, protocol::End::kNone, -1, false, 0, End::kUnknown, std::nullopt},
        {Phase::kDone, static_cast<protocol::End>(99), 0, false, 0, End::kUnknown, std::nullopt},
    };
    for (const Case& one : cases) {
        RecordingWriter writer;
        writer.head().phase = one.phase;
        writer.head().end = one.end;
        writer.head().status = one.status;
        writer.head().wait_status = one.wait_status;
        writer.head().has_wait_status = one.has_wait_status ? 1 : 0;

        const snapshot::Process process = snapshot_of(writer).process;

        EXPECT_EQ(process.end, one.expected) << &one - cases;
        EXPECT_EQ(process.status, one.expected_status) << &one - cases;
    }
}

TEST(ProcessOfASnapshot, TellsWhyThereIsNoMore) {
    RecordingWriter writer;
    writer.head().stopped = protocol::Stopped::kNoRoom;
    writer.head().command_truncated = 1;
    EXPECT_THAT(snapshot_of(writer).notes, ElementsAre(HasSubstr("no room left"), HasSubstr("command line")));
}

TEST(ProcessOfASnapshot, ListsLocksThatOthersUnlocked) {
    RecordingWriter writer;
    writer.head().foreign_unlocks[200] = 0x30;
    writer.head().foreign_unlocks[3] = 0x20;
    writer.head().foreign_unlocks[4] = 0x30;
    EXPECT_THAT(snapshot_of(writer).foreign_unlocked, ElementsAre(0x20, 0x30));
    EXPECT_FALSE(snapshot_of(writer).any_lock_foreign_unlocked);
    writer.head().foreign_unlocks_lost = 1;
    EXPECT_TRUE(snapshot_of(writer).any_lock_foreign_unlocked);
}

TEST(StackOfASnapshot, NamesTheModulesOfItsTime) {
    RecordingWriter writer;
    protocol::ModuleRecord& old_plugin = writer.module("/lib/old.so", 0x10000, 0x20000, 0);
    old_plugin.build_id_size = 3;
    std::memcpy(old_plugin.build_id, "\x0f\xa0\x01", 3);
    writer.module("/lib/new.so", 0x18000, 0x28000, 2).bias = 0x8000;
    writer.module("/bin/main", 0x1000, 0x2000, 0);
    writer.module("/not/ready", 0x50000, 0x60000, 0).ready = 0;
    protocol::ThreadRecord& record = writer.start_thread(1);
    RecordingWriter::wait(record, WaitKind::kMutex, 0x40, 0, writer.stack({0x18010, 0x50010, 0x2000}, 1));
    record.created_stack = writer.stack({0x18010, 0x1001}, 2, protocol::kStackTruncated, 1);

    const Snapshot snapshot = snapshot_of(writer);

    const std::vector<snapshot::Frame>& before = snapshot.stacks.at(thread_of(snapshot, 1).stack).frames;
    ASSERT_EQ(before.size(), 3U);
    EXPECT_EQ(before[0].address, 0x18010U);
    EXPECT_EQ(before[0].module, "/lib/old.so");
    EXPECT_EQ(before[0].build_id, "0fa001");
    EXPECT_EQ(before[0].offset, 0x8010U);
    EXPECT_TRUE(before[0].is_return_address);
    EXPECT_EQ(before[1].module, "");
    EXPECT_EQ(before[2].module, "/bin/main") << "a return address behind the last instruction";
    const snapshot::Stack& after = snapshot.stacks.at(thread_of(snapshot, 1).created_stack);
    EXPECT_EQ(after.frames.at(0).module, "/lib/new.so");
    EXPECT_EQ(after.frames[0].offset, 0x10010U);
    EXPECT_FALSE(after.frames[0].is_return_address);
    EXPECT_TRUE(after.frames.at(1).is_return_address);
    EXPECT_TRUE(after.truncated);
    EXPECT_FALSE(after.incomplete);
    ASSERT_EQ(snapshot.modules.size(), 2U);
    EXPECT_EQ(snapshot.modules[0].path, "/bin/main");
    EXPECT_EQ(snapshot.modules[1].path, "/lib/new.so");
    EXPECT_EQ(snapshot.modules[1].bias, 0x8000U);
}

TEST(StackOfASnapshot, IsThereOnce) {
    RecordingWriter writer;
    const uint32_t stack = writer.stack({0x1001}, 0, protocol::kStackIncomplete);
    for (uint32_t number = 1; number <= 3; ++number) {
        RecordingWriter::wait(writer.start_thread(number), WaitKind::kMutex, 0x40, 0, stack);
    }
    const Snapshot snapshot = snapshot_of(writer);
    EXPECT_EQ(snapshot.stacks.size(), 2U);
    EXPECT_TRUE(snapshot.stacks[1].incomplete);
    EXPECT_TRUE(snapshot.stacks[0].frames.empty());
}

}  // namespace
}  // namespace reader_test
