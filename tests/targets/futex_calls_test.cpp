// SPDX-License-Identifier: Apache-2.0
//
// What the recording says of each operation on a futex: before it blocks, after it has returned, and
// of those that wake.
#include <errno.h>
#include <gtest/gtest.h>
#include <linux/futex.h>

#include <sstream>

#include "tests/targets/recorded_program.h"

namespace {

using protocol::SignalKind;
using protocol::ThreadRecord;
using protocol::WaitKind;
using support::RawRecording;
using support::RecordedProgram;

constexpr char kSource[] = "futex_calls.cpp";
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kPrivate = FUTEX_PRIVATE_FLAG;

struct FutexCall {
    int line = 0;
    uint64_t object = 0;
    uint32_t tid = 0;
};

FutexCall await_call(RecordedProgram& recorded) {
    EXPECT_TRUE(recorded.program().await_output("\n"));
    std::string word;
    FutexCall call;
    std::istringstream text(recorded.program().output());
    text >> word >> call.line >> std::hex >> call.object >> std::dec >> call.tid;
    EXPECT_EQ(word, "at");
    return call;
}

struct Blocking {
    const char* operation;
    uint64_t detail;
    bool timed = false;
};

std::ostream& operator<<(std::ostream& out, const Blocking& row) {
    return out << row.operation;
}

template <typename Row>
std::string call_of(const testing::TestParamInfo<Row>& info) {
    std::ostringstream text;
    text << info.param;
    std::string name = text.str();
    name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
    return name;
}

class BlockingFutexCall : public testing::TestWithParam<Blocking> {};

TEST_P(BlockingFutexCall, IsPublishedBeforeItBlocks) {
    RecordedProgram recorded({FUTEX_CALLS, GetParam().operation});
    const FutexCall call = await_call(recorded);

    const RawRecording raw(recorded.first_recording());
    ASSERT_TRUE(support::eventually([&] {
        const ThreadRecord* const self = raw.thread_of(call.tid);
        return self != nullptr && self->wait.kind == WaitKind::kFutex && self->sequence % 2 == 0;
    })) << recorded.program().output();
    const protocol::Wait& wait = raw.thread_of(call.tid)->wait;
    EXPECT_EQ(wait.object, call.object);
    EXPECT_EQ(wait.detail, GetParam().detail);
    EXPECT_GT(wait.since_ns, raw.head().started_ns);
    EXPECT_EQ(wait.flags, GetParam().timed ? protocol::kWaitTimed : 0);
    EXPECT_TRUE(raw.lines_in(kSource, wait.stack).contains(call.line));
    EXPECT_NE(raw.module_at(call.object), "");
    if (GetParam().timed) {
        // Set for an hour, a little before the wait began.
        EXPECT_GT(wait.deadline_ns, wait.since_ns + 3500 * kSecond);
        EXPECT_LT(wait.deadline_ns, wait.since_ns + 3601 * kSecond);
    } else {
        EXPECT_EQ(wait.deadline_ns, 0U);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Each, BlockingFutexCall,
    testing::Values(Blocking{"wait", protocol::futex_detail(2, FUTEX_WAIT)},
                    Blocking{"wait-timed", protocol::futex_detail(2, FUTEX_WAIT | kPrivate), true},
                    Blocking{"bitset", protocol::futex_detail(2, FUTEX_WAIT_BITSET | kPrivate)},
                    Blocking{"bitset-timed", protocol::futex_detail(2, FUTEX_WAIT_BITSET | kPrivate), true},
                    Blocking{"bitset-realtime",
                             protocol::futex_detail(2, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME | kPrivate), true},
                    Blocking{"lock-pi", protocol::futex_detail(0, FUTEX_LOCK_PI | kPrivate)},
                    Blocking{"lock-pi-timed", protocol::futex_detail(0, FUTEX_LOCK_PI | kPrivate), true},
                    Blocking{"lock-pi2-timed", protocol::futex_detail(0, 13 | kPrivate), true},
                    Blocking{"requeue-pi", protocol::futex_detail(2, FUTEX_WAIT_REQUEUE_PI | kPrivate)},
                    Blocking{"waitv", protocol::futex_detail(2, protocol::kFutexWaitv, 2)},
                    Blocking{"waitv-timed", protocol::futex_detail(2, protocol::kFutexWaitv, 1), true}),
    call_of<Blocking>);

struct Returning {
    const char* operation;
    long result;
    int error;
    bool wakes = false;
};

std::ostream& operator<<(std::ostream& out, const Returning& row) {
    return out << row.operation;
}

const protocol::LastSignal* signal_on(const ThreadRecord& thread, uint64_t object) {
    for (const protocol::LastSignal& signal : thread.signals) {
        if (signal.object == object) return &signal;
    }
    return nullptr;
}

class ReturningFutexCall : public testing::TestWithParam<Returning> {};

TEST_P(ReturningFutexCall, LeavesNoWaitAndNotesAWake) {
    RecordedProgram recorded({FUTEX_CALLS, GetParam().operation});
    const FutexCall call = await_call(recorded);
    std::ostringstream done;
    done << "done " << GetParam().result << " " << GetParam().error << "\n";
    ASSERT_TRUE(recorded.program().await_output("done "));

    EXPECT_TRUE(recorded.program().output().ends_with(done.str())) << recorded.program().output();
    const RawRecording raw(recorded.first_recording());
    const ThreadRecord* const self = raw.thread_of(call.tid);
    ASSERT_NE(self, nullptr);
    EXPECT_EQ(self->wait.kind, WaitKind::kNone);
    EXPECT_EQ(self->sequence % 2, 0U);
    const protocol::LastSignal* const signal = signal_on(*self, call.object);
    ASSERT_EQ(signal != nullptr, GetParam().wakes);
    if (signal == nullptr) {
        EXPECT_GT(self->wait.serial, 0U);
        return;
    }
    EXPECT_EQ(self->wait.serial, 0U);
    EXPECT_EQ(signal->kind, SignalKind::kWake);
    EXPECT_GT(signal->time_ns, raw.head().started_ns);
    EXPECT_TRUE(raw.lines_in(kSource, signal->stack).contains(call.line));
}

INSTANTIATE_TEST_SUITE_P(Each, ReturningFutexCall,
                         testing::Values(Returning{"wait-over", -1, ETIMEDOUT},
                                         Returning{"wait-other-value", -1, EAGAIN},
                                         Returning{"wait-bad-time", -1, EFAULT}, Returning{"wake", 0, 0, true},
                                         Returning{"wake-bitset", 0, 0, true}, Returning{"wake-op", 0, 0, true},
                                         Returning{"requeue", 0, 0, true}, Returning{"cmp-requeue", 0, 0, true},
                                         Returning{"cmp-requeue-pi", 0, 0, true},
                                         Returning{"unlock-pi", -1, EPERM, true}),
                         call_of<Returning>);

class FutexCallOfAVforkChild : public testing::TestWithParam<const char*> {};

TEST_P(FutexCallOfAVforkChild, LeavesItsParentsRecordAlone) {
    RecordedProgram recorded({FUTEX_CALLS, GetParam()});
    const FutexCall call = await_call(recorded);
    ASSERT_TRUE(recorded.program().await_output("done "));

    ASSERT_EQ(recorded.recordings().size(), 1U);
    const RawRecording raw(recorded.first_recording());
    const ThreadRecord* const parent = raw.numbered(2);
    ASSERT_NE(parent, nullptr);
    EXPECT_NE(parent->tid, call.tid);
    EXPECT_EQ(signal_on(*parent, call.object), nullptr);
    EXPECT_EQ(parent->wait.serial, 0U);
    EXPECT_EQ(parent->wait.kind, WaitKind::kNone);
}

INSTANTIATE_TEST_SUITE_P(That, FutexCallOfAVforkChild, testing::Values("vfork-wake", "vfork-wait"),
                         [](const auto& call) { return std::string(call.param).substr(sizeof("vfork")); });

TEST(FutexCallInASignalHandler, PutsTheInterruptedWaitBack) {
    RecordedProgram recorded({FUTEX_CALLS, "wait-in-handler"});
    const FutexCall inner = await_call(recorded);
    ASSERT_TRUE(recorded.program().await_output("done -1 110\n"));

    const RawRecording raw(recorded.first_recording());
    const ThreadRecord* const self = raw.thread_of(inner.tid);
    ASSERT_NE(self, nullptr);
    EXPECT_EQ(self->wait.kind, WaitKind::kFutex);
    EXPECT_NE(self->wait.object, inner.object);
    EXPECT_EQ(self->wait.detail, protocol::futex_detail(2, FUTEX_WAIT | kPrivate));
    EXPECT_EQ(self->wait.serial, 3U);  // the outer wait, the inner one, the outer one again
}

}  // namespace
