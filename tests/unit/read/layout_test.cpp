// SPDX-License-Identifier: Apache-2.0
//
// Recordings of a library that knew fewer, or more, fields of the same version.
#include <gtest/gtest.h>

#include "read/read.h"
#include "recording_writer.h"

namespace reader_test {
namespace {

using reader::Recording;
using snapshot::Reason;
using snapshot::Snapshot;

/// Two threads, the second one in a wait for what the first one holds.
void fill_two_threads(RecordingWriter& writer) {
    const uint32_t stack = writer.stack({0x1001});
    writer.module("/bin/bank", 0x1000, 0x2000);
    RecordingWriter::hold(writer.start_thread(1), 1, protocol::LockKind::kMutex, 0x40);
    RecordingWriter::wait(writer.start_thread(2), protocol::WaitKind::kMutex, 0x40, 11 * kSecond, stack);
}

void expect_both_threads(const Snapshot& snapshot) {
    ASSERT_EQ(snapshot.threads.size(), 2U);
    ASSERT_EQ(snapshot.threads[0].holds.size(), 1U);
    EXPECT_EQ(snapshot.threads[0].holds[0].lock.address, 0x40U);
    EXPECT_EQ(snapshot.threads[1].state, snapshot::State::kMutexLock);
    EXPECT_EQ(snapshot.stacks.at(snapshot.threads[1].stack).frames.at(0).offset, 1U);
    EXPECT_TRUE(snapshot.threads[0].settled);
}

TEST(Layout, WithSmallerRecordsIsReadWithoutTheMissingFields) {
    Shape shape;
    shape.head_bytes = offsetof(protocol::ProcessRecord, has_wait_status);
    shape.thread_bytes = offsetof(protocol::ThreadRecord, holds) + 2 * sizeof(protocol::Hold);
    shape.module_bytes = offsetof(protocol::ModuleRecord, path) + 8;
    RecordingWriter writer(shape);
    writer.head().has_wait_status = 1;  // behind what this head's writer knew
    writer.head().wait_status = 9;
    writer.head().foreign_unlocks[0] = 0x40;
    fill_two_threads(writer);

    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);

    expect_both_threads(snapshot);
    EXPECT_EQ(snapshot.process.end, snapshot::End::kUnknown);
    EXPECT_TRUE(snapshot.foreign_unlocked.empty());
    EXPECT_EQ(snapshot.modules.at(0).path, "/bin/ban") << "as much of the path as there is";
}

TEST(Layout, WithLargerRecordsIsReadWithoutTheNewFields) {
    Shape shape;
    shape.head_bytes = protocol::kHeadBytes + 4096;
    shape.thread_bytes = sizeof(protocol::ThreadRecord) + 4096;
    shape.module_bytes = sizeof(protocol::ModuleRecord) + 64;
    RecordingWriter writer(shape);
    fill_two_threads(writer);

    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);

    expect_both_threads(snapshot);
    EXPECT_EQ(snapshot.modules.at(0).path, "/bin/bank");
}

TEST(Layout, HoldsElementsAtAnyDistance) {
    RecordingWriter writer;
    fill_two_threads(writer);
    writer.head().thread_record_size = 1024;  // the last fields of each record are not its writer's

    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);

    expect_both_threads(snapshot);
}

}  // namespace
}  // namespace reader_test
