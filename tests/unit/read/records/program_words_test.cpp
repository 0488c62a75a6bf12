// SPDX-License-Identifier: Apache-2.0
//
// What the program said of its threads and locks, out of recordings sound and damaged.
#include <gtest/gtest.h>

#include "tests/unit/read/recording_writer.h"
#include "tests/unit/read/snapshot_of.h"

namespace reader_test {
namespace {

using snapshot::Snapshot;

TEST(ProgramWords, LabelThreadsAndSayWhichAreExpected) {
    RecordingWriter writer;
    writer.start_thread(1).label = writer.text("Suite.Test");
    writer.start_thread(2).remarks = protocol::kRemarkExpected;
    writer.start_thread(3).remarks = protocol::kRemarkNextExpected;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(snapshot.threads.at(0).label, "Suite.Test");
    EXPECT_FALSE(snapshot.threads.at(0).expected);
    EXPECT_EQ(snapshot.threads.at(1).label, "");
    EXPECT_TRUE(snapshot.threads.at(1).expected);
    EXPECT_FALSE(snapshot.threads.at(2).expected);
}

TEST(ProgramWords, NameWhatIsHeldAndWaitedFor) {
    RecordingWriter writer;
    writer.lock_name(0x40, writer.text("the ledger"));
    writer.lock_name(0x80, 0);  // it had a name
    RecordingWriter::hold(writer.start_thread(1), 1, protocol::LockKind::kMutex, 0x40);
    RecordingWriter::wait(writer.start_thread(2), protocol::WaitKind::kMutex, 0x40);
    protocol::Wait& wait = RecordingWriter::wait(writer.start_thread(3), protocol::WaitKind::kCondition, 0x80);
    wait.detail = 0x40;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(snapshot.threads.at(0).holds.at(0).lock.name, "the ledger");
    EXPECT_EQ(snapshot.threads.at(1).wait->object.name, "the ledger");
    EXPECT_EQ(snapshot.threads.at(2).wait->object.name, "");
    EXPECT_EQ(snapshot.threads.at(2).wait->mutex.name, "the ledger");
}

TEST(ProgramWords, OfDamagedRecordingsAreLeftOut) {
    RecordingWriter writer;
    const uint32_t text = writer.text("as it was");
    const uint32_t too_long = writer.text("too long");
    writer.entry_at<protocol::TextHeader>(too_long).bytes = protocol::kMaxTextBytes + 1;
    const uint32_t circle = writer.lock_name(0x40, text);
    writer.entry_at<protocol::LockName>(circle).next = circle;
    writer.start_thread(1).label = too_long;
    writer.start_thread(2).label = 0xffffffff;
    writer.start_thread(3).label = text + 1;  // within another's bytes
    writer.start_thread(4).label = circle;    // no text
    writer.start_thread(5).label = text;
    RecordingWriter::hold(writer.thread(4), 1, protocol::LockKind::kMutex, 0x40);

    const Snapshot snapshot = snapshot_of(writer);

    for (int thread = 0; thread < 4; ++thread) EXPECT_EQ(snapshot.threads.at(thread).label, "") << thread;
    EXPECT_EQ(snapshot.threads.at(4).label, "as it was");
    EXPECT_EQ(snapshot.threads.at(4).holds.at(0).lock.name, "as it was");
}

TEST(ProgramWords, PutAThreadIntoAWaitForALockOfItsOwn) {
    RecordingWriter writer;
    RecordingWriter::hold(writer.start_thread(1), 1, protocol::LockKind::kCustom, 0x40);
    RecordingWriter::wait(writer.start_thread(2), protocol::WaitKind::kCustomLock, 0x40).flags = protocol::kWaitShared;

    const Snapshot snapshot = snapshot_of(writer);

    EXPECT_EQ(snapshot.threads.at(0).holds.at(0).lock.kind, snapshot::LockKind::kCustom);
    EXPECT_EQ(snapshot::state_word(snapshot.threads.at(1)), "custom lock");
    EXPECT_TRUE(snapshot::is_blocked(snapshot.threads.at(1)));
    EXPECT_TRUE(snapshot.threads.at(1).wait->wants_shared);
}

}  // namespace
}  // namespace reader_test
