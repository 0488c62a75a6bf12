// SPDX-License-Identifier: Apache-2.0
//
// Records that change while they are copied, and records that were left half written.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "read/read.h"
#include "read/records/thread_records.h"
#include "recording_writer.h"

namespace reader_test {
namespace {

using protocol::HoldState;
using protocol::WaitKind;
using reader::Recording;
using reader::ThreadCopy;
using snapshot::Reason;
using snapshot::Snapshot;

/// Every field of the wait and of one hold tells the same count, while `go_on`. As the library does,
/// each entry's own state word says that it is being filled.
void write_counts(protocol::ThreadRecord& record, const std::atomic<bool>& go_on, uint32_t pause) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    protocol::Hold& hold = record.holds[95];
    for (uint32_t count = 1; go_on.load(kRelaxed); ++count) {
        const bool is_outermost = protocol::begin_write(record.sequence);
        record.wait.kind.store(WaitKind::kNone, kRelaxed);
        record.wait.object.store(count, kRelaxed);
        record.wait.stack.store(count, kRelaxed);
        record.wait.since_ns.store(count, kRelaxed);
        record.wait.serial.store(count, kRelaxed);
        record.wait.kind.store(WaitKind::kMutex, kRelaxed);
        hold.state.store(HoldState::kReserved, kRelaxed);
        hold.address.store(count, kRelaxed);
        hold.stack.store(count, kRelaxed);
        hold.since_ns.store(count, kRelaxed);
        hold.state.store(HoldState::kHeld, kRelaxed);
        protocol::end_write(record.sequence, is_outermost);
        for (uint32_t i = 0; i < pause; ++i) __builtin_ia32_pause();
    }
}

struct Tally {
    int consistent = 0;
    int torn = 0;
};

void expect_one_count(const ThreadCopy& copy) {
    const uint64_t count = copy.wait.object;
    if (copy.wait.kind != WaitKind::kNone) {
        EXPECT_TRUE(copy.wait.stack == count && copy.wait.since_ns == count && copy.wait.serial == count);
    }
    for (const reader::HoldCopy& hold : copy.holds) {
        if (hold.state != HoldState::kHeld) continue;
        EXPECT_TRUE(hold.stack == hold.address && hold.since_ns == hold.address);
        EXPECT_TRUE(copy.torn || hold.address == count);
    }
}

/// Copies the record of a running writer until it has changed `changes` times from copy to copy.
Tally read_while_written(uint32_t pause, int changes) {
    RecordingWriter writer;
    protocol::ThreadRecord& record = writer.start_thread(1);
    const auto source = reader::open_file(writer.path());
    const reader::Layout layout = reader::check_head(*source, writer.path());
    const reader::ThreadRecords records(*source, layout, false);

    std::atomic<bool> go_on{true};
    std::thread target([&] { write_counts(record, go_on, pause); });
    Tally tally;
    uint32_t last = 0;
    while (tally.consistent + tally.torn < changes && !testing::Test::HasFailure()) {
        const std::optional<ThreadCopy> copy = records.copy(0);
        if (!copy || copy->sequence == last) continue;
        last = copy->sequence;
        ++(copy->torn ? tally.torn : tally.consistent);
        expect_one_count(*copy);
    }
    go_on = false;
    target.join();
    return tally;
}

TEST(MovingRecord, ShowsNoMixedValuesAtFullSpeed) {
    const Tally tally = read_while_written(0, 100);
    EXPECT_EQ(tally.consistent + tally.torn, 100);
}

TEST(MovingRecord, IsCopiedWholeBetweenWrites) {
    const Tally tally = read_while_written(2000, 100);
    EXPECT_GT(tally.consistent, 50);
}

/// One thread record that is another one at each look: what `change` makes of it.
class ChangingSource : public reader::Source {
public:
    explicit ChangingSource(std::function<void(protocol::ThreadRecord&, int)> change) : change_(std::move(change)) {}

    size_t read(uint64_t offset, void* to, size_t bytes) const override {
        // Only whole copies count: the sequence alone is odd at every look.
        if (bytes == sizeof(record_)) change_(record_, copies_++);
        record_.sequence = 1;
        std::memcpy(to, reinterpret_cast<const char*>(&record_) + offset, bytes);
        return bytes;
    }
    bool write(uint64_t, const void*, size_t) override { return false; }
    uint64_t size() const override { return sizeof(record_); }
    void cut(uint64_t) override {}
    uint64_t inode() const override { return 0; }

private:
    std::function<void(protocol::ThreadRecord&, int)> change_;
    mutable protocol::ThreadRecord record_{};
    mutable int copies_ = 0;
};

TEST(TornRecord, KeepsOnlyWhatTwoCopiesShowAlike) {
    const ChangingSource source([](protocol::ThreadRecord& record, int copy) {
        record.number = 4;
        record.life = protocol::kLifeUsed;
        record.wait.kind = WaitKind::kMutex;
        record.wait.since_ns = static_cast<uint64_t>(copy);
        RecordingWriter::hold(record, 1, protocol::LockKind::kMutex, 0x40);
        RecordingWriter::hold(record, 2, protocol::LockKind::kMutex, 0x50 + static_cast<uint64_t>(copy));
        RecordingWriter::hold(record, 3, protocol::LockKind::kMutex, 0x60,
                              copy == 0 ? HoldState::kAcquiring : HoldState::kHeld);
    });
    reader::Layout layout;
    layout.regions[protocol::kThreads] = {0, sizeof(protocol::ThreadRecord), sizeof(protocol::ThreadRecord),
                                          sizeof(protocol::ThreadRecord)};

    const std::optional<ThreadCopy> copy = reader::ThreadRecords(source, layout, false).copy(0);

    ASSERT_TRUE(copy);
    EXPECT_TRUE(copy->torn);
    EXPECT_EQ(copy->number, 4U);
    EXPECT_EQ(copy->wait.kind, WaitKind::kNone);
    ASSERT_EQ(copy->holds.size(), 1U);
    EXPECT_EQ(copy->holds[0].address, 0x40U);
}

TEST(TornRecord, OfADeadThreadKeepsItsEntries) {
    RecordingWriter writer;
    protocol::ThreadRecord& record = writer.start_thread(1);
    RecordingWriter::wait(record, WaitKind::kMutex, 0x40);
    RecordingWriter::hold(record, 3, protocol::LockKind::kMutex, 0x50);
    record.signals[0].time_ns = 11 * kSecond;
    record.signals[0].object = 0x60;
    RecordingWriter::wait(writer.start_thread(2), WaitKind::kSemaphore, 0x60, 12 * kSecond);
    record.sequence = 7;  // killed in the middle of a write

    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);

    ASSERT_EQ(snapshot.threads.size(), 2U);
    EXPECT_TRUE(snapshot.threads[0].torn);
    EXPECT_FALSE(snapshot.threads[0].settled);
    EXPECT_EQ(snapshot.threads[0].state, snapshot::State::kMutexLock);
    ASSERT_EQ(snapshot.threads[0].holds.size(), 1U);
    EXPECT_EQ(snapshot.threads[0].holds[0].lock.address, 0x50U);
    EXPECT_TRUE(snapshot.threads[1].settled);
    EXPECT_FALSE(snapshot.threads[1].wait->last_signal) << "a note of a signal has no state word of its own";
}

}  // namespace
}  // namespace reader_test
