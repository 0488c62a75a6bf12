// SPDX-License-Identifier: Apache-2.0
//
// Stopping a running thread: for an instant, never for longer, and never one that is in a call.
#include "read/kernel/stopped_thread.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>

#include <cstring>

#include "tests/unit/read/observed_child.h"

namespace reader_test {
namespace {

using reader::Stop;
using reader::StopResult;

/// Counts its rounds, and reads nothing but its memory.
[[gnu::noinline]] void spin(SharedWords& words) {
    while (true) words.address.fetch_add(1);
}

char state_of(const ObservedChild& child) {
    const auto stat = reader::stat_of_process(child.pid());
    return stat ? stat->state : '?';
}

bool goes_on(ObservedChild& child) {
    const uint64_t rounds = child.words().address;
    return wait_until([&] { return child.words().address > rounds; });
}

class StoppedThread : public ChildTest {
protected:
    /// Its main thread spins, and is the only one.
    ObservedChild& start_spinning() {
        child_.emplace(writer_, [](RecordingWriter&, SharedWords& words) { spin(words); });
        EXPECT_TRUE(goes_on(*child_));
        return *child_;
    }
    StopResult stop(const reader::LookAtStopped& look) const {
        return reader::stop_running_thread(child_->pid(), child_->pid(), look);
    }

    RecordingWriter writer_;
    std::optional<ObservedChild> child_;
};

TEST_F(StoppedThread, IsStoppedWhileItIsLookedAtAndGoesOn) {
    ObservedChild& child = start_spinning();
    char state = '?';
    unwind::Registers seen;

    const StopResult result = stop([&](const unwind::Registers& registers, const auto&) {
        state = state_of(child);
        seen = registers;
    });

    EXPECT_EQ(result.stop, Stop::kStopped);
    EXPECT_EQ(state, 't');
    const auto begin = reinterpret_cast<uint64_t>(&spin);
    EXPECT_TRUE(seen.pc_is_exact && seen.general);
    EXPECT_GE(seen.pc, reinterpret_cast<uint64_t>(&spin) - 4096);
    EXPECT_LT(seen.pc, begin + 4096 * 16) << "somewhere near: the counter is a function of its own";
    EXPECT_EQ(seen.general.value_or(std::array<uint64_t, 16>{}).at(7), seen.stack_pointer);
    EXPECT_TRUE(goes_on(child));
}

TEST_F(StoppedThread, RunsFromTheMomentItWasLetGo) {
    ObservedChild& child = start_spinning();
    bool went_on = false;

    stop([&](const unwind::Registers&, const std::function<void()>& let_go) {
        let_go();
        went_on = goes_on(child);
    });

    EXPECT_TRUE(went_on);
}

TEST_F(StoppedThread, GoesOnWhenWhoStoppedItIsKilled) {
    ObservedChild& child = start_spinning();
    const pid_t test = getpid();
    const pid_t tracer = fork();
    if (tracer == 0) {
        die_with(test);
        stop([](const unwind::Registers&, const auto&) {
            while (true) pause();
        });
        _exit(0);
    }
    ASSERT_TRUE(wait_until([&] { return state_of(child) == 't'; }));

    kill(tracer, SIGKILL);
    waitpid(tracer, nullptr, 0);

    EXPECT_TRUE(goes_on(child));
    EXPECT_EQ(reader::read_small_file(reader::proc_path(child.pid(), "status"), 4096).find("TracerPid:\t0\n") ==
                  std::string::npos,
              false);
}

TEST_F(StoppedThread, IsNoneThatSitsInACall) {
    child_.emplace(writer_, [](RecordingWriter&, SharedWords&) { block_in_read(); });
    ASSERT_TRUE(child_->wait_for_call(child_->pid(), SYS_read));
    const auto before = reader::status_of_task(child_->pid(), child_->pid());

    const StopResult result = stop([](const unwind::Registers&, const auto&) { ADD_FAILURE() << "looked at"; });

    EXPECT_EQ(result.stop, Stop::kAsleep);
    const auto after = reader::status_of_task(child_->pid(), child_->pid());
    EXPECT_EQ(after->switches, before->switches) << "it was woken";
}

/// The instant between the look at it and the stop is too short for a test: here it is made longer.
TEST_F(StoppedThread, ThatHasJustEnteredACallStaysInIt) {
    child_.emplace(writer_, [](RecordingWriter&, SharedWords& words) {
        epoll_event event;
        const int set = epoll_create1(0);
        words.tids[0] = own_tid();
        words.address = static_cast<uint64_t>(epoll_wait(set, &event, 1, -1)) + 100;
        block_in_read();
    });
    ASSERT_TRUE(child_->wait_for_call_of(0, SYS_epoll_wait));

    for (int stops = 0; stops < 50; ++stops) {
        const StopResult result = reader::stop_thread(child_->pid(), child_->pid(), [](const auto&, const auto&) {});
        EXPECT_EQ(result.stop, Stop::kInCall);
        ASSERT_TRUE(child_->wait_for_call(child_->pid(), SYS_epoll_wait));
    }

    EXPECT_EQ(child_->words().address, 0U) << "epoll_wait returned";
}

TEST_F(StoppedThread, IsNoneThatAnotherTraces) {
    ObservedChild& child = start_spinning();
    // In a thread of its own: it ends with it.
    std::atomic<int> stage{0};
    std::thread other([&] {
        stage = ptrace(PTRACE_SEIZE, static_cast<pid_t>(child.pid()), nullptr, nullptr) == 0 ? 1 : -1;
        wait_until([&] { return stage == 2; });
    });
    wait_until([&] { return stage != 0; });
    ASSERT_EQ(stage, 1);

    const StopResult result = stop([](const unwind::Registers&, const auto&) { ADD_FAILURE() << "looked at"; });

    stage = 2;
    other.join();
    EXPECT_EQ(result.stop, Stop::kRefused);
    EXPECT_EQ(result.error, EPERM);
}

TEST_F(StoppedThread, IsNoneThatIsGone) {
    start_spinning();
    const uint32_t pid = child_->pid();
    child_->end();
    EXPECT_NE(reader::stop_running_thread(pid, pid, [](const auto&, const auto&) {}).stop, Stop::kStopped);
}

/// Its memory takes so long to be given back that it is met between its last instruction and its end.
TEST_F(StoppedThread, ThatEndsRightThenIsLeftToWhoWaitsForIt) {
    constexpr size_t kMemory = size_t{64} << 20;
    constexpr int kOwnStatus = 7;
    constexpr int kEnds = 5;
    constexpr int kMostRounds = 300;  // beside other work most ends are missed
    int ends_met = 0;
    for (int rounds = 0; rounds < kMostRounds && ends_met < kEnds; ++rounds) {
        RecordingWriter writer;
        ObservedChild child(writer, [](RecordingWriter&, SharedWords& words) {
            void* const memory = mmap(nullptr, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (memory == MAP_FAILED) _exit(1);
            std::memset(memory, 1, kMemory);
            words.stage = 1;
            while (words.stage != 2) continue;
            _exit(kOwnStatus);
        });
        ASSERT_TRUE(child.wait_for_stage(1));
        child.words().stage = 2;
        siginfo_t end{};
        const bool is_waitable = wait_until([&] {
            if (reader::stop_running_thread(child.pid(), child.pid(), [](const auto&, const auto&) {}).stop ==
                Stop::kNot)
                ++ends_met;
            // Not there any more: somebody else has waited for it.
            return waitid(P_PID, child.pid(), &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid != 0;
        });
        ASSERT_TRUE(is_waitable);
        ASSERT_EQ(static_cast<uint32_t>(end.si_pid), child.pid()) << "round " << rounds;
        EXPECT_EQ(end.si_code, CLD_EXITED);
        EXPECT_EQ(end.si_status, kOwnStatus);
    }
    EXPECT_GT(ends_met, 0) << "no round has met the end: nothing was tested";
}

}  // namespace
}  // namespace reader_test
