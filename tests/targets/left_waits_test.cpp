// SPDX-License-Identifier: Apache-2.0
//
// A wait that its thread is taken out of leaves nothing behind: no record of it, and no handler on
// the thread's own chain.
#include <gtest/gtest.h>

#include "tests/support/parameter_names.h"
#include "tests/targets/recorded_program.h"

namespace {

using protocol::HoldState;
using protocol::ThreadRecord;
using protocol::WaitKind;
using support::RawRecording;
using support::RecordedProgram;

const auto kWaits =
    testing::Values("condition", "timed-condition", "semaphore", "join", "timed-join", "sleep", "futex", "read", "recv",
                    "accept", "select", "fgets", "lockf", "waitpid", "pause", "sigwait", "mq_receive");

class CancelledWait : public testing::TestWithParam<const char*> {};

TEST_P(CancelledWait, IsOverBeforeTheProgramsHandlersRun) {
    RecordedProgram recorded({LEFT_WAITS, "cancel", GetParam()});
    const uint32_t tid = support::said_number(recorded.program(), "cleaning");

    const RawRecording raw(recorded.first_recording());
    const ThreadRecord* const thread = raw.thread_of(tid);
    ASSERT_NE(thread, nullptr);
    EXPECT_EQ(thread->wait.kind, WaitKind::kNone);
    EXPECT_EQ(thread->sequence % 2, 0U);
    const bool has_mutex = std::string(GetParam()).find("condition") != std::string::npos;
    EXPECT_EQ(thread->holds[0].state, has_mutex ? HoldState::kHeld : HoldState::kFree);
}

INSTANTIATE_TEST_SUITE_P(In, CancelledWait, kWaits, support::word_of_parameter);

class LeftWait : public testing::TestWithParam<const char*> {};

TEST_P(LeftWait, LeavesNothingForTheThreadsEnd) {
    RecordedProgram recorded({LEFT_WAITS, "jump", GetParam()});
    EXPECT_EQ(support::said_number(recorded.program(), "left"), 0U);
    EXPECT_EQ(recorded.program().finish().status, 0);
}

TEST_P(LeftWait, IsForgottenByTheNextCall) {
    RecordedProgram recorded({LEFT_WAITS, "forget", GetParam()});
    const uint32_t tid = support::said_number(recorded.program(), "gone");

    const RawRecording raw(recorded.first_recording());
    EXPECT_EQ(raw.thread_of(tid)->wait.kind, WaitKind::kNone);
}

INSTANTIATE_TEST_SUITE_P(OutOf, LeftWait, kWaits, support::word_of_parameter);

/// The call, its row's wait, and where its object's own number stands.
struct Stepped {
    const char* call;
    WaitKind kind;
    std::atomic<uint64_t> protocol::Wait::*object;

    friend std::ostream& operator<<(std::ostream& out, const Stepped& one) { return out << one.call; }
};

class SteppedWait : public testing::TestWithParam<Stepped> {};

/// Whatever instruction of the wrapper the handler comes in, its own call leaves no trace.
TEST_P(SteppedWait, IsPublishedWholeAfterAHandlerThatCalledOnTheWay) {
    constexpr int kThreads = 200;
    for (int first = 0; first < 3 * kThreads; first += kThreads) {
        RecordedProgram recorded({STEPPED_WAITS, GetParam().call, std::to_string(first), std::to_string(kThreads)});
        const uint32_t written = support::said_number(recorded.program(), "writes to");
        ASSERT_TRUE(recorded.program().await_output("waiting"));

        const RawRecording raw(recorded.first_recording());
        std::set<uint64_t> objects;
        std::set<uint16_t> functions;
        std::set<uint32_t> stacks;
        for (const ThreadRecord* const thread : raw.threads()) {
            if (thread->number == 1) continue;
            EXPECT_EQ(thread->wait.kind, GetParam().kind);
            EXPECT_EQ(thread->sequence % 2, 0U);
            objects.insert(thread->wait.*GetParam().object);
            functions.insert(thread->wait.function);
            stacks.insert(thread->wait.stack);
        }
        EXPECT_EQ(objects.size(), kThreads);
        EXPECT_FALSE(objects.contains(written));
        EXPECT_EQ(functions.size(), 1U) << first;
        EXPECT_EQ(stacks.size(), 1U) << first;
        EXPECT_FALSE(stacks.contains(0));
    }
}

INSTANTIATE_TEST_SUITE_P(In, SteppedWait,
                         testing::Values(Stepped{"read", WaitKind::kIo, &protocol::Wait::detail},
                                         Stepped{"sem_wait", WaitKind::kSemaphore, &protocol::Wait::object}),
                         [](const auto& stepped) {
                             return std::string(stepped.param.call) == "read" ? "Read" : "SemWait";
                         });

}  // namespace
