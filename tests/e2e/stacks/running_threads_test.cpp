// SPDX-License-Identifier: Apache-2.0
//
// A running thread has its last known place in the report, marked; its share of a processor; and its
// whole stack where it may be stopped for an instant.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "tests/e2e/stacks/dumped.h"

namespace {

using dumped::dump;
using dumped::dump_json;
using dumped::Json;
using dumped::thread_named;
using dumped::Words;

void expect_spinning(const Json& thread) {
    EXPECT_EQ(thread.at("state"), "spinning");
    EXPECT_EQ(thread.at("timed"), false);
    EXPECT_EQ(thread.at("waits_for"), nullptr);
    ASSERT_TRUE(thread.at("cpu_share").is_number());
    EXPECT_GT(thread.at("cpu_share"), 0.0);
    EXPECT_LE(thread.at("cpu_share"), 1.0);
    EXPECT_TRUE(thread.at("cpu_seconds").is_number());
    EXPECT_TRUE(thread.at("age_seconds").is_number());
}

void expect_exact(const Json& thread, const Words& chain) {
    EXPECT_EQ(thread.at("stack_is"), "exact");
    EXPECT_EQ(thread.at("stack_ago_seconds"), nullptr);
    EXPECT_EQ(thread.at("stack_incomplete"), false);
    // In the counter's own function, or that of the loop.
    std::vector<Json> frames = report::program_frames(thread.at("stack"));
    while (!frames.empty() && !report::names_function(report::text_of(frames.front().at("function")), "spin_deep")) {
        frames.erase(frames.begin());
    }
    dumped::expect_chain(frames, RUNNING_SOURCE, chain);
}

/// A process that traces a thread of another one, for as long as this lives.
class OtherTracer {
public:
    explicit OtherTracer(pid_t tid) {
        int ready[2];
        if (pipe(ready) != 0) throw std::runtime_error("pipe");
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
            while (true) pause();
        }
        close(ready[1]);
        char byte;
        traces_ = read(ready[0], &byte, 1) == 1;
        close(ready[0]);
    }
    ~OtherTracer() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    OtherTracer(const OtherTracer&) = delete;
    OtherTracer& operator=(const OtherTracer&) = delete;

    bool traces() const { return traces_; }

private:
    pid_t pid_ = -1;
    bool traces_ = false;
};

class RunningThread : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(target.await_output("running")); }
    void expect_unharmed() {
        target.signal(SIGUSR2);
        const support::Outcome outcome = target.finish();
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.output, "running\nall went on\n");
    }

    const support::TemporaryFolder folder;
    support::Running target{dumped::observed({RUNNING_THREADS, "wait"}, folder)};
};

TEST_F(RunningThread, HasItsLastKnownPlaceAndIsNotStopped) {
    const Json report = dump_json(target.pid());

    const Json& noted = thread_named(report, "noted");
    expect_spinning(noted);
    EXPECT_EQ(noted.at("stack_is"), "last-known");
    EXPECT_TRUE(noted.at("stack_ago_seconds").is_number());
    EXPECT_TRUE(report::starts_at(noted.at("stack"), report::site_of(RUNNING_SOURCE, "noted")));

    const Json& bare = thread_named(report, "bare");
    expect_spinning(bare);
    EXPECT_EQ(bare.at("stack_is"), "last-known");
    EXPECT_EQ(bare.at("stack"), Json::array({bare.at("entry")}));
    EXPECT_EQ(report::text_of(bare.at("entry").at("function")).find("begin_bare") == std::string::npos, false);
    expect_unharmed();
}

TEST_F(RunningThread, HasItsWholeStackWhereItMayBeStoppedAndGoesOn) {
    for (int looks = 0; looks < 4; ++looks) {
        const Json report = dump_json(target.pid(), {"--stop-running"});

        EXPECT_EQ(report.at("process").at("notes"), Json::array());
        expect_spinning(thread_named(report, "bare"));
        expect_exact(thread_named(report, "bare"), {"deep", "deeper", "deeper", "bare"});
        EXPECT_EQ(thread_named(report, "noted").at("stack_is"), "exact");
        EXPECT_EQ(thread_named(report, "noted").at("holds").size(), 1U);
    }
    expect_unharmed();
}

TEST_F(RunningThread, TracedByAnotherHasItsLastKnownPlaceAndTheReportSaysWhy) {
    const Json before = dump_json(target.pid());
    const auto tid = thread_named(before, "bare").at("tid").get<pid_t>();
    const OtherTracer other(tid);
    ASSERT_TRUE(other.traces());

    const Json report = dump_json(target.pid(), {"--stop-running"});
    const support::Outcome text = dump(target.pid(), {"--stop-running"});

    EXPECT_THAT(report.at("process").at("notes"), testing::ElementsAre(testing::Truly([](const Json& note) {
                    return report::text_of(note).find("could not be stopped") != std::string::npos;
                })));
    expect_spinning(thread_named(report, "bare"));
    EXPECT_EQ(thread_named(report, "bare").at("stack_is"), "last-known");
    EXPECT_EQ(text.status, 0);
    EXPECT_EQ(text.errors, "");
    EXPECT_THAT(text.output, testing::HasSubstr("\nnote: running threads could not be stopped for their stacks"));
    EXPECT_THAT(text.output, testing::HasSubstr("(no stack recorded; it runs, and could not be stopped)"));
    EXPECT_THAT(text.output, testing::Not(testing::HasSubstr("--stop-running")));
}

TEST_F(RunningThread, IsNotStoppedByACommandThatCanHaveNoThreadWhichSaysSo) {
    const support::Outcome text =
        support::run({.arguments = {LOITER_COMMAND, "dump", "--stop-running", std::to_string(target.pid())},
                      .environment = {{"LD_PRELOAD", NO_THREADS}}});

    EXPECT_EQ(text.status, 0) << text.errors;
    EXPECT_THAT(text.output, testing::HasSubstr("loiter can have no more threads itself"));
    EXPECT_THAT(text.output, testing::Not(testing::HasSubstr("no right")));
    expect_unharmed();
}

TEST(RunningThreadAtTheEnd, HasItsWholeStackAndSoHasTheOneThatEndsTheProcess) {
    const support::Observed gated =
        support::observe(LOITER_COMMAND, "gate", {"--grace", "0ms"}, {.arguments = {RUNNING_THREADS, "exit"}});

    EXPECT_EQ(gated.outcome.status, 86);
    ASSERT_EQ(gated.reports.size(), 1U);
    const Json& report = gated.reports[0];
    expect_spinning(thread_named(report, "bare"));
    expect_exact(thread_named(report, "bare"), {"deep", "deeper", "deeper", "bare"});
    const Json& ender = report::thread(report, 4);
    EXPECT_EQ(ender.at("ends_process"), true);
    EXPECT_EQ(ender.at("stack_is"), "exact");
    dumped::expect_chain(ender.at("stack"), RUNNING_SOURCE, {"exit"});
    const Json& place = ender.at("stack").at(0);
    EXPECT_EQ(report::text_of(place.at("module")).find("libloiter"), std::string::npos);
}

/// It may fail, and the process go on.
TEST(RunningThreadAtAnExec, IsNotStopped) {
    const support::Observed gated =
        support::observe(LOITER_COMMAND, "gate", {"--grace", "0ms"}, {.arguments = {RUNNING_THREADS, "exec"}});

    ASSERT_FALSE(gated.reports.empty());
    const Json& report = gated.reports[0];
    EXPECT_EQ(report.at("process").at("end"), "exec");
    EXPECT_EQ(thread_named(report, "noted").at("stack_is"), "last-known");
    EXPECT_EQ(thread_named(report, "bare").at("stack_is"), "last-known");
}

}  // namespace
