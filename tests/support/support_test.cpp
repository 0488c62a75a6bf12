// SPDX-License-Identifier: Apache-2.0
//
// Tests of what the tests stand on: the runner, the gates, and finding marked lines.
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/support/gate.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using support::Command;
using support::Outcome;
using support::Running;

Command shell(const std::string& script) {
    return {.arguments = {"sh", "-c", script}};
}

TEST(TargetRunner, GivesStatusAndBothOutputs) {
    const Outcome outcome = support::run(shell("echo out; echo err >&2; exit 7"));

    EXPECT_EQ(outcome.status, 7);
    EXPECT_EQ(outcome.output, "out\n");
    EXPECT_EQ(outcome.errors, "err\n");
    EXPECT_FALSE(outcome.out_of_time);
}

TEST(TargetRunner, ReadsMoreThanAPipeHolds) {
    EXPECT_EQ(support::run(shell("head -c 3000000 /dev/zero")).output.size(), 3'000'000U);
}

TEST(TargetRunner, GivesInputEnvironmentAndFolder) {
    const support::TemporaryFolder folder;
    Command command = shell("cat; echo $COLOUR; pwd");
    command.input = "fed\n";
    command.environment = {{"COLOUR", "green"}};
    command.directory = folder.path();

    EXPECT_EQ(support::run(command).output, "fed\ngreen\n" + folder.path() + "\n");
}

TEST(TargetRunner, ReportsTheKillingSignal) {
    EXPECT_EQ(support::run(shell("kill -SEGV $$")).status, 128 + SIGSEGV);
}

TEST(TargetRunner, ReportsAProgramThatIsNotThere) {
    EXPECT_EQ(support::run({.arguments = {"/nonexistent/program"}}).status, 127);
}

TEST(TargetRunner, KillsTheWholeGroupAtTheHardLimit) {
    const support::TemporaryFolder folder;
    Command command = shell("sleep 1000 & echo $! > child; wait");
    command.directory = folder.path();
    command.hard_limit = std::chrono::seconds(1);

    const Outcome outcome = support::run(command);

    EXPECT_TRUE(outcome.out_of_time);
    EXPECT_EQ(outcome.status, 128 + SIGKILL);
    const pid_t child = std::stoi(report::read_text(folder.path() + "/child"));
    gate::await([child] {  // dead, whether or not it is reaped yet
        std::ifstream status("/proc/" + std::to_string(child) + "/stat");
        std::string text;
        std::getline(status, text);
        return text.empty() || text.find(") Z ") != std::string::npos;
    });
}

TEST(TargetRunner, WaitsForOutputOfALiveProgramAndSignalsIt) {
    Running running(shell("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.01; done"));

    ASSERT_TRUE(running.await_output("ready\n"));
    running.signal(SIGTERM);

    EXPECT_EQ(running.finish().status, 3);
}

TEST(TargetRunner, StopsWaitingForOutputWhenTheProgramEnds) {
    Running running(shell("echo something else"));

    EXPECT_FALSE(running.await_output("ready\n"));
}

TEST(Gate, SeesWhenTheOthersAreBlocked) {
    const size_t before = gate::thread_count();
    if (before != 1) GTEST_SKIP() << "the sanitizer has a thread of its own, which this gate would wait for";
    std::mutex mutex;
    std::condition_variable changed;
    bool released = false;
    std::thread waiter([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return released; });
    });

    gate::await_others_blocked(before);
    EXPECT_EQ(gate::thread_count(), before + 1);

    {
        const std::lock_guard lock(mutex);  // a waiter has given it up
        released = true;
    }
    changed.notify_all();
    waiter.join();
    gate::await_thread_count(before);
}

TEST(Gate, LetsAllThroughACrossingTogether) {
    gate::Crossing crossing(2);
    gate::Flag arrived;
    std::thread other([&] {
        crossing.arrive_and_await();
        arrived.open();
    });

    crossing.arrive_and_await();
    arrived.await_open();
    other.join();
}

TEST(Report, FindsTheLineOfAMarker) {
    EXPECT_EQ(report::line_of("one\ntwo // HERE\nthree\n", "// HERE"), 2);
    EXPECT_THROW(report::line_of("one\n", "// HERE"), std::runtime_error);
    EXPECT_THROW(report::line_of("// HERE\n// HERE\n", "// HERE"), std::runtime_error);
}

TEST(Report, MatchesFunctionsByWholeWords) {
    EXPECT_TRUE(report::names_function("Channel<int>::send(int)", "Channel<int>::send"));
    EXPECT_TRUE(report::names_function("handler()::{lambda()#1}::operator()() const", "handler"));
    EXPECT_FALSE(report::names_function("Channel<int>::send_for(int)", "Channel<int>::send"));
    EXPECT_FALSE(report::names_function("my_handler()", "handler"));
}

}  // namespace
