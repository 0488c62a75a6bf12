// SPDX-License-Identifier: Apache-2.0
//
// Threads that nobody made through pthread_create, and processes made by fork: each has its record,
// and nobody else's is touched.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/targets/recorded_program.h"

namespace {

using protocol::HoldState;
using protocol::Origin;
using protocol::ThreadRecord;
using protocol::WaitKind;
using support::eventually;
using support::RawRecording;
using support::RecordedProgram;

class AdoptedThread : public testing::TestWithParam<const char*> {};

TEST_P(AdoptedThread, HasARecordOnceItCallsAWrapper) {
    RecordedProgram recorded({ADOPTED_THREADS, GetParam()});

    const uint32_t tid = support::said_number(recorded.program(), "tid");

    const RawRecording raw(recorded.first_recording());
    ASSERT_TRUE(eventually([&] { return raw.thread_of(tid) != nullptr; }));
    const ThreadRecord& thread = *raw.thread_of(tid);
    EXPECT_TRUE(eventually([&] { return thread.wait.kind == WaitKind::kSemaphore; }));
    EXPECT_EQ(thread.number, 2U);
    EXPECT_EQ(thread.origin, Origin::kAdopted);
    EXPECT_EQ(thread.created_by, 0U);
    EXPECT_FALSE(raw.lines_in("adopted_threads.cpp", thread.wait.stack).empty());
}

INSTANTIATE_TEST_SUITE_P(MadeBy, AdoptedThread, testing::Values("sigev-thread", "after-vfork", "raw-clone"),
                         [](const auto& made_by) {
                             return std::string(made_by.param).substr(0, made_by.param[0] == 'r' ? 3 : 5);
                         });

TEST(AdoptedThread, WithItsCreatorsThreadLocalStorageLeavesTheCreatorsRecordAlone) {
    RecordedProgram recorded({ADOPTED_THREADS, "shared-tls"});
    const uint32_t tid = support::said_number(recorded.program(), "tid");

    // Asleep in the kernel: whatever it was going to publish is published.
    const std::string stat =
        "/proc/" + std::to_string(recorded.program().pid()) + "/task/" + std::to_string(tid) + "/syscall";
    ASSERT_TRUE(eventually([&] {
        std::ifstream file(stat);
        std::string call;
        return static_cast<bool>(file >> call) && call == "202";
    }));

    const RawRecording raw(recorded.first_recording());
    ASSERT_EQ(raw.threads().size(), 1U);
    EXPECT_EQ(raw.threads()[0]->wait.kind, WaitKind::kNone);
}

TEST(EarlyThread, OfAConstructorBeforeOursIsCreatedByMain) {
    RecordedProgram recorded({"/bin/sleep", "3600"}, std::string(" ") + EARLY_THREAD);
    ASSERT_TRUE(eventually([&] { return !recorded.recordings().empty(); }));

    const RawRecording raw(recorded.first_recording());
    ASSERT_TRUE(eventually([&] {
        const ThreadRecord* const thread = raw.numbered(2);
        return thread != nullptr && thread->wait.kind == WaitKind::kSemaphore;
    }));
    EXPECT_EQ(raw.numbered(2)->origin, Origin::kCreated);
    EXPECT_EQ(raw.numbered(2)->created_by, 1U);
    EXPECT_FALSE(raw.lines_in("early_thread.cpp", raw.numbered(2)->created_stack).empty());
}

/// The parent as forks.cpp leaves it: main holds the lock, T2 waits for it.
void expect_parent_untouched(const RawRecording& raw) {
    EXPECT_EQ(raw.head().phase, protocol::Phase::kRunning);
    EXPECT_EQ(raw.head().end, protocol::End::kNone);
    EXPECT_EQ(raw.head().created_total, 2U);
    ASSERT_EQ(raw.threads().size(), 2U);
    EXPECT_EQ(raw.threads()[0]->holds[0].state, HoldState::kHeld);
    EXPECT_EQ(raw.threads()[0]->wait.kind, WaitKind::kNone);
    EXPECT_EQ(raw.threads()[1]->wait.kind, WaitKind::kMutex);
}

class Fork : public testing::TestWithParam<const char*> {};

TEST_P(Fork, MakesARecordingOfTheChildsOwn) {
    RecordedProgram recorded({FORKS, GetParam()});
    ASSERT_EQ(support::said_number(recorded.program(), "done"), 5U);

    const std::vector<std::string> recordings = recorded.recordings();
    ASSERT_EQ(recordings.size(), 2U);
    const RawRecording parent(recordings[0]);
    expect_parent_untouched(parent);
    const RawRecording child(recordings[1]);
    EXPECT_EQ(child.head().ppid, parent.head().pid);
    EXPECT_EQ(child.head().end, protocol::End::kUnderscoreExit);
    EXPECT_EQ(child.head().status, 5);
    ASSERT_EQ(child.threads().size(), 1U);
    EXPECT_EQ(child.threads()[0]->origin, Origin::kForked);
    EXPECT_EQ(child.threads()[0]->number, 1U);
    for (const protocol::Hold& hold : child.threads()[0]->holds) EXPECT_EQ(hold.state, HoldState::kFree);
}

INSTANTIATE_TEST_SUITE_P(By, Fork, testing::Values("fork", "_fork"),
                         [](const auto& call) { return std::string(call.param[0] == '_' ? "raw" : "libc"); });

class BriefChild : public testing::TestWithParam<const char*> {};

TEST_P(BriefChild, TouchesNothing) {
    RecordedProgram recorded({FORKS, GetParam()});
    ASSERT_EQ(support::said_number(recorded.program(), "done"), 5U);

    ASSERT_EQ(recorded.recordings().size(), 1U);
    expect_parent_untouched(RawRecording(recorded.first_recording()));
}

INSTANTIATE_TEST_SUITE_P(Of, BriefChild, testing::Values("vfork", "killed", "writing"),
                         [](const auto& call) { return std::string(call.param); });

}  // namespace
