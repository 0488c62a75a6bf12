// SPDX-License-Identifier: Apache-2.0
//
// Recordings that lie. Whatever stands in one, reading it ends, with a snapshot whose numbers lead
// somewhere or with one clear line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "read/read.h"
#include "recording_writer.h"

namespace reader_test {
namespace {

using protocol::WaitKind;
using reader::Recording;
using snapshot::Reason;
using snapshot::Snapshot;
using testing::Contains;
using testing::HasSubstr;

/// A recording with something in every corner.
void fill(RecordingWriter& writer) {
    writer.module("/bin/bank", 0x1000, 0x9000);
    writer.module("/lib/libc.so.6", 0x10000, 0x90000, 1);
    std::strcpy(writer.head().exe, "/bin/bank");
    writer.command({"./bank", "--fast"});
    writer.head().foreign_unlocks[7] = 0x40;
    for (uint32_t number = 1; number <= 8; ++number) {
        protocol::ThreadRecord& record = writer.start_thread(number);
        RecordingWriter::name(record, "worker");
        record.created_by = 1;
        record.created_stack = writer.stack({0x1001, 0x12002, 0x2003}, number % 3);
        record.start_routine = 0x3000;
        record.handle = 0xabc000 + number;
        const auto kind = static_cast<WaitKind>(number % (protocol::kLastWaitKind + 1));
        RecordingWriter::wait(record, kind, 0x40 + number % 3 * 8, 12 * kSecond, writer.stack({0x4000 + number}))
            .detail = number % 4;
        RecordingWriter::hold(record, number, protocol::LockKind::kMutex, 0x40).stack = writer.stack({0x5000 + number});
        record.signals[number].time_ns = 11 * kSecond;
        record.signals[number].object = 0x40;
        if (number == 5) record.life |= protocol::kLifeFinished;
    }
}

/// What the rooms behind this one rely on.
void expect_sound(const Snapshot& snapshot) {
    const auto is_stack = [&](snapshot::StackIndex index) { return index < snapshot.stacks.size(); };
    ASSERT_FALSE(snapshot.stacks.empty());
    EXPECT_TRUE(snapshot.stacks[0].frames.empty());
    for (const snapshot::Stack& stack : snapshot.stacks) EXPECT_LE(stack.frames.size(), protocol::kMaxFrames);
    uint32_t last = 0;
    for (const snapshot::Thread& thread : snapshot.threads) {
        EXPECT_GT(thread.id, last);
        last = thread.id;
        EXPECT_TRUE(is_stack(thread.stack) && is_stack(thread.entry) && is_stack(thread.created_stack));
        EXPECT_GE(thread.left_seconds.value_or(0), 0);
        EXPECT_GE(thread.for_seconds.value_or(0), 0);
        EXPECT_LE(thread.holds.size(), protocol::kHoldCount);
        for (const snapshot::Hold& hold : thread.holds) {
            EXPECT_TRUE(is_stack(hold.acquired_at));
            EXPECT_GE(hold.depth, 1U);
        }
        EXPECT_TRUE(!thread.wait || !thread.wait->last_signal || is_stack(thread.wait->last_signal->stack));
    }
    EXPECT_TRUE(std::is_sorted(snapshot.modules.begin(), snapshot.modules.end(),
                               [](const auto& a, const auto& b) { return a.start < b.start; }));
    EXPECT_TRUE(std::is_sorted(snapshot.foreign_unlocked.begin(), snapshot.foreign_unlocked.end()));
    EXPECT_GE(snapshot.process.uptime_seconds, 0);
}

/// Opens and reads; a refusal is an answer too.
void read_all(const RecordingWriter& writer) {
    try {
        const Recording recording = Recording::open(writer.path());
        recording.phase();
        recording.command();
        recording.exe();
        expect_sound(recording.take_snapshot(Reason::kPostMortem));
    } catch (const reader::Error& error) {
        const std::string message = error.what();
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
    EXPECT_EQ(reader::find_recordings(writer.folder()).size(), 1U);
}

TEST(HostileRecording, OfFlippedBytesIsReadOrRefused) {
    RecordingWriter writer;
    fill(writer);
    const std::string original(writer.base(), writer.bytes());
    for (uint32_t seed = 0; seed < 3000; ++seed) {
        std::mt19937 random(seed);
        std::memcpy(writer.base(), original.data(), original.size());
        // Most of the file is empty: where something stands, a flip means something.
        const uint64_t reaches[] = {512, protocol::kHeadBytes, writer.head().regions[protocol::kThreads].offset + 32768,
                                    writer.bytes()};
        const uint64_t reach = reaches[seed % 4];
        const uint32_t flips = 1 + random() % 24;
        for (uint32_t i = 0; i < flips; ++i) writer.base()[random() % reach] = static_cast<char>(random());
        read_all(writer);
        if (HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(HostileRecording, OfRandomThreadsIsRead) {
    RecordingWriter writer;
    fill(writer);
    char* const threads = writer.base() + writer.head().regions[protocol::kThreads].offset;
    for (uint32_t seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        for (uint32_t i = 0; i < 8 * sizeof(protocol::ThreadRecord); i += 4) {
            const auto word = static_cast<uint32_t>(random());
            std::memcpy(threads + i, &word, sizeof(word));
        }
        read_all(writer);
        if (HasFailure()) FAIL() << "seed " << seed;
    }
}

TEST(HostileRecording, OfRegionsAtTheEndOfTheWorldIsRefused) {
    const uint64_t far_away[] = {UINT64_MAX,        UINT64_MAX - 4096, uint64_t{1} << 63, (uint64_t{1} << 63) - 1,
                                 uint64_t{1} << 48, 1ULL << 40};
    for (const uint64_t value : far_away) {
        for (uint32_t kind = 0; kind < protocol::kRegionCount; ++kind) {
            RecordingWriter writer;
            fill(writer);
            writer.head().regions[kind].offset = value;
            EXPECT_THROW(Recording::open(writer.path()), reader::Error) << kind << " at " << value;
            writer.head().regions[kind].offset = protocol::kHeadBytes;
            writer.head().regions[kind].bytes = value;
            writer.head().regions[kind].used = value;
            writer.head().regions[kind].committed = UINT64_MAX;
            EXPECT_THROW(Recording::open(writer.path()), reader::Error) << kind << " of " << value;
        }
    }
}

TEST(HostileRecording, OfStackIdsThatLeadNowhereHasEmptyStacks) {
    RecordingWriter writer;
    const uint32_t good = writer.stack({0x1001});
    const uint32_t ids[] = {1, good + 1, good + 3, UINT32_MAX, static_cast<uint32_t>(writer.bytes() / 8)};
    for (const uint32_t id : ids) {
        RecordingWriter::wait(writer.start_thread(1), WaitKind::kMutex, 0x40, 0, id);
        const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);
        EXPECT_EQ(snapshot.threads.at(0).stack, 0U);
        EXPECT_THAT(snapshot.notes, Contains(HasSubstr("damaged")));
    }
}

TEST(HostileRecording, OfStacksThatClaimTooMuchHasEmptyStacks) {
    const std::function<void(protocol::StackHeader&)> breaks[] = {
        [](auto& header) { header.depth = 65535; }, [](auto& header) { header.depth = 0; },
        [](auto& header) { header.depth = 129; },   [](auto& header) { header.exact = 200; },
        [](auto& header) { header.mark = 0; },      [](auto& header) { header.depth = 3; }};
    for (const auto& break_it : breaks) {
        RecordingWriter writer;
        const uint32_t stack = writer.stack({0x1001, 0x1002});
        RecordingWriter::wait(writer.start_thread(1), WaitKind::kMutex, 0x40, 0, stack);
        break_it(writer.stack_header(stack));
        EXPECT_EQ(Recording::open(writer.path()).take_snapshot(Reason::kPostMortem).threads.at(0).stack, 0U);
    }
}

TEST(HostileRecording, OfFreeSlotsInACircleIsRead) {
    RecordingWriter writer;
    fill(writer);
    writer.head().free_slots = 1;
    for (uint32_t number = 1; number <= 8; ++number) writer.thread(number - 1).next_free = number % 8 + 1;
    EXPECT_EQ(Recording::open(writer.path()).take_snapshot(Reason::kPostMortem).threads.size(), 8U);
}

TEST(HostileRecording, OfTheLastThreadNumberIsRead) {
    RecordingWriter writer;
    writer.start_thread(1).number = UINT32_MAX;
    writer.head().created_total = UINT32_MAX;
    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);
    EXPECT_EQ(snapshot.threads.at(0).id, UINT32_MAX);
}

TEST(HostileRecording, WithoutEndsToItsTextsIsRead) {
    RecordingWriter writer;
    std::memset(writer.head().exe, 'e', sizeof(writer.head().exe));
    std::memset(writer.head().command, 'c', sizeof(writer.head().command));
    writer.head().command_bytes = UINT32_MAX;
    protocol::ModuleRecord& module = writer.module("", 0x1000, 0x2000);
    std::memset(module.path, 'm', sizeof(module.path));
    module.build_id_size = UINT32_MAX;
    protocol::ThreadRecord& record = writer.start_thread(1);
    record.name[0] = record.name[1] = 0x6161616161616161;

    const Recording recording = Recording::open(writer.path());
    const Snapshot snapshot = recording.take_snapshot(Reason::kPostMortem);

    EXPECT_EQ(recording.exe(), std::string(1024, 'e'));
    EXPECT_EQ(recording.command(), std::vector<std::string>{std::string(2048, 'c')});
    EXPECT_EQ(snapshot.threads.at(0).name, std::string(15, 'a'));
    EXPECT_EQ(snapshot.modules.at(0).path, std::string(protocol::kModulePathBytes, 'm'));
    EXPECT_EQ(snapshot.modules.at(0).build_id, "");
}

TEST(HostileRecording, ThatShrinksWhileItIsOpenIsRead) {
    RecordingWriter writer;
    fill(writer);
    const Recording recording = Recording::open(writer.path());
    for (off_t size = static_cast<off_t>(writer.bytes()); size >= 0; size -= 4096) {
        ASSERT_EQ(truncate(writer.path().c_str(), size), 0);
        expect_sound(recording.take_snapshot(Reason::kPostMortem));
        recording.phase();
    }
}

TEST(HostileRecording, OfVeryManyThreadsAndFramesTakesBoundedMemory) {
    Shape shape;
    shape.thread_room = 8192;
    shape.stack_bytes = 16U << 20;
    RecordingWriter writer(shape);
    std::vector<uint32_t> stacks;
    for (uint64_t i = 0; i < 12000; ++i) stacks.push_back(writer.stack(std::vector<uint64_t>(128, 0x1000 + i)));
    for (uint32_t number = 1; number <= shape.thread_room; ++number) {
        protocol::ThreadRecord& record = writer.start_thread(number);
        for (uint32_t entry = 0; entry < protocol::kHoldCount; entry += 48) {
            RecordingWriter::hold(record, entry, protocol::LockKind::kMutex, number).stack =
                stacks[(number * 2 + entry) % stacks.size()];
        }
    }

    const Snapshot snapshot = Recording::open(writer.path()).take_snapshot(Reason::kPostMortem);

    size_t frames = 0;
    for (const snapshot::Stack& stack : snapshot.stacks) frames += stack.frames.size();
    EXPECT_EQ(snapshot.threads.size(), shape.thread_room);
    EXPECT_LE(frames, size_t{1} << 19);
    EXPECT_THAT(snapshot.notes, Contains(HasSubstr("left out")));
}

}  // namespace
}  // namespace reader_test
