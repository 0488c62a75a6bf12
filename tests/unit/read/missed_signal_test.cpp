// SPDX-License-Identifier: Apache-2.0
//
// Which signal of a condition its waiter has missed.
#include <gtest/gtest.h>

#include <functional>

#include "recording_writer.h"
#include "snapshot_of.h"

namespace reader_test {
namespace {

constexpr uint64_t kCondition = 0x40;
constexpr uint64_t kMutex = 0x60;
constexpr uint64_t kOtherMutex = 0x80;

/// A thread that locked the mutex at 10 s, and waits on the condition with it since 20 s; another signalled at 15 s,
/// with no lock held.
struct Situation {
    protocol::Hold& hold;
    protocol::LastSignal& signal;
};

bool is_missed(const std::function<void(Situation&)>& change) {
    RecordingWriter writer;
    writer.head().ended_ns = 30 * kSecond;
    protocol::ThreadRecord& waiter = writer.start_thread(1);
    RecordingWriter::wait(waiter, protocol::WaitKind::kCondition, kCondition, 20 * kSecond).detail = kMutex;
    protocol::Hold& hold = RecordingWriter::hold(waiter, 0, protocol::LockKind::kMutex, kMutex);
    hold.state = protocol::HoldState::kLent;
    hold.since_ns = 10 * kSecond;
    protocol::LastSignal& signal = writer.start_thread(2).signals[0];
    signal.time_ns = 15 * kSecond;
    signal.flags = protocol::kSignalUnlocked;
    signal.object = kCondition;
    Situation situation{hold, signal};
    change(situation);
    return thread_of(snapshot_of(writer), 1).wait.value().missed_signal;
}

void guard(Situation& situation, uint64_t lock) {
    situation.signal.flags |= protocol::kSignalGuarded;
    situation.signal.guard = protocol::guard_mark(lock);
}

TEST(Signal, BetweenTheLockAndTheWaitIsMissed) {
    EXPECT_TRUE(is_missed([](Situation&) {}));
}

TEST(Signal, BeforeTheLockOrAfterTheWaitBeganIsNotMissed) {
    EXPECT_FALSE(is_missed([](Situation& situation) { situation.signal.time_ns = 9 * kSecond; }));
    EXPECT_FALSE(is_missed([](Situation& situation) { situation.signal.time_ns = 21 * kSecond; }));
}

TEST(Signal, UnderTheMutexOrAfterItsReleaseIsNotMissed) {
    EXPECT_FALSE(is_missed([](Situation& situation) { guard(situation, kMutex); }));
    EXPECT_FALSE(is_missed([](Situation& situation) {
        situation.signal.flags = 0;
        guard(situation, kMutex);
    }));
}

TEST(Signal, UnderAnotherMutexOrAfterItsReleaseIsMissed) {
    EXPECT_TRUE(is_missed([](Situation& situation) { guard(situation, kOtherMutex); }));
    EXPECT_TRUE(is_missed([](Situation& situation) {
        situation.signal.flags = 0;
        guard(situation, kOtherMutex);
    }));
}

TEST(Signal, UnderSeveralLocksIsNotMissed) {
    EXPECT_FALSE(is_missed([](Situation& situation) { situation.signal.flags = 0; }));
}

TEST(Signal, WithinATickOfTheLockIsMissedOnlyIfItsThreadSawTheLockHeld) {
    const auto within_a_tick = [](Situation& situation) { situation.signal.time_ns = 10 * kSecond + 1; };
    const auto seen = [&](Situation& situation) {
        within_a_tick(situation);
        situation.signal.flags |= protocol::kSignalLooked;
        situation.hold.detail |= protocol::kHoldSignalled;
    };
    EXPECT_FALSE(is_missed(within_a_tick));
    EXPECT_TRUE(is_missed(seen));
}

}  // namespace
}  // namespace reader_test
