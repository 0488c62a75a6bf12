// SPDX-License-Identifier: Apache-2.0
//
// What two looks at the same threads prove, and what they do not.
#include <gtest/gtest.h>

#include <functional>

#include "read/threads.h"
#include "recording_writer.h"

namespace reader_test {
namespace {

using protocol::HoldState;
using protocol::WaitKind;
using reader::ThreadCopy;
using reader::ThreadLooks;
using snapshot::Thread;

ThreadCopy waiter() {
    ThreadCopy copy;
    copy.sequence = 20;
    copy.number = 2;
    copy.tid = 77;
    copy.life = protocol::kLifeUsed | protocol::kLifeStarted;
    copy.wait.kind = WaitKind::kMutex;
    copy.wait.object = 0x40;
    copy.wait.since_ns = kSecond;
    copy.wait.serial = 5;
    copy.holds = {{3, HoldState::kHeld, protocol::LockKind::kMutex, protocol::Mode::kExclusive, 0x50, kSecond, 0, 1}};
    return copy;
}

/// Puts the looks together for a recording that holds nothing else.
std::vector<Thread> assemble(const ThreadLooks& looks) {
    RecordingWriter writer;
    const auto source = reader::open_file(writer.path());
    const reader::Layout layout = reader::check_head(*source, writer.path());
    const reader::ModuleTable modules(*source, layout, writer.head());
    reader::StackTable stacks(*source, layout, writer.head(), modules);
    const reader::ThreadRecords records(*source, layout, looks.is_at_rest);
    reader::OutsideStacks outside(looks.pid);
    return reader::ThreadAssembly(looks, records, stacks, outside).assemble();
}

TEST(Threads, AThreadThatHasEndedIsListedOnceWhileItIsStillInProc) {
    ThreadCopy ended = waiter();
    ended.life |= protocol::kLifeFinished;
    ended.finished_ns = kSecond;
    reader::Task task;
    task.tid = task.recorded_tid = ended.tid;
    ThreadLooks looks;
    looks.is_live = true;
    looks.second = {ended};
    looks.between.tasks = {task};

    const std::vector<Thread> threads = assemble(looks);
    ASSERT_EQ(threads.size(), 1U);
    EXPECT_TRUE(threads[0].finished);

    looks.between.tasks[0].stat.start_ticks = 1'000'000;  // later: its number was given to another
    EXPECT_EQ(assemble(looks).size(), 2U);
}

bool is_settled(const ThreadCopy& before, const ThreadCopy& now, bool at_rest = false) {
    ThreadLooks looks;
    looks.first = {before};
    looks.second = {now};
    looks.is_at_rest = at_rest;
    return assemble(looks).at(0).settled;
}

TEST(SettledThread, IsTheSameAtBothLooks) {
    EXPECT_TRUE(is_settled(waiter(), waiter()));
}

TEST(SettledThread, HasNotMovedInBetween) {
    const std::function<void(ThreadCopy&)> moves[] = {
        [](auto& copy) { copy.sequence += 2; },
        [](auto& copy) { copy.number = 3; },
        [](auto& copy) { copy.torn = true; },
        [](auto& copy) { copy.wait.serial += 1; },
        [](auto& copy) { copy.wait.object = 0x48; },
        [](auto& copy) { copy.wait.kind = WaitKind::kNone; },
        [](auto& copy) { copy.wait.flags = protocol::kWaitTimed; },
        [](auto& copy) { copy.wait.since_ns += 1; },
        [](auto& copy) { copy.holds.clear(); },
        [](auto& copy) { copy.holds[0].state = HoldState::kReleasing; },
        [](auto& copy) { copy.holds[0].since_ns += 1; },
        [](auto& copy) { copy.holds[0].entry = 4; },
        [](auto& copy) { copy.life |= protocol::kLifeExiting; },
        [](auto& copy) { copy.slot = 9; },
    };
    for (const auto& move : moves) {
        ThreadCopy moved = waiter();
        move(moved);
        EXPECT_FALSE(is_settled(waiter(), moved)) << &move - moves;
        EXPECT_FALSE(is_settled(moved, waiter())) << &move - moves;
    }
}

TEST(SettledThread, MayBeJoinedOrDetachedMeanwhile) {
    ThreadCopy detached = waiter();
    detached.life |= protocol::kLifeDetached;
    EXPECT_TRUE(is_settled(waiter(), detached));
}

TEST(SettledThread, IsAnyThatIsAtRestAndWhole) {
    ThreadCopy torn = waiter();
    torn.torn = true;
    EXPECT_TRUE(is_settled(ThreadCopy{}, waiter(), true));
    EXPECT_FALSE(is_settled(torn, torn, true));
}

TEST(SettledThread, IsNoneThatTheKernelDoesNotKnowYet) {
    ThreadLooks looks;
    looks.first = looks.second = {waiter()};
    looks.second[0].tid = looks.first[0].tid = 0;
    looks.is_live = true;
    EXPECT_FALSE(assemble(looks).at(0).settled);
}

}  // namespace
}  // namespace reader_test
