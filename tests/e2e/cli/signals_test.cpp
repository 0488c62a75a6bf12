// SPDX-License-Identifier: Apache-2.0
//
// Signals sent to the command: a report first, then they are the program's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kObeyTerm[] = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";

/// Sends `number` once the program is ready, and returns how the command ended.
support::Outcome signalled(const Words& arguments, int number) {
    support::Running running(loiter(arguments));
    EXPECT_TRUE(running.await_output("ready"));
    running.signal(number);
    return running.finish();
}

/// Reports of one process, without those of the helpers that a script starts.
std::vector<json> of_program(const std::vector<json>& reports, const std::string& name) {
    std::vector<json> result;
    for (const json& report : reports) {
        const json& command = report.at("process").at("command");
        if (!command.empty() && command[0] == name) result.push_back(report);
    }
    return result;
}

Words verdicts(const json& report) {
    Words result;
    for (const json& finding : report.at("findings")) result.push_back(finding.at("verdict").get<std::string>());
    return result;
}

TEST(Signals, ThatEndAreReportedThenPassedOn) {
    for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) {
        const support::Outcome outcome = signalled({"run", "--format", "json", BLOCKED_WORKER, "hang"}, number);

        EXPECT_EQ(outcome.status, 128 + number);
        EXPECT_THAT(ends(objects(outcome.errors)), ElementsAre("signal alive null"));
    }
}

/// The program gets the signal as well, at any moment of the report.
TEST(Signals, OfTheWholeGroupAreReportedOnceAndWhole) {
    for (int round = 0; round < 6; ++round) {
        const support::TemporaryFolder folder;
        support::Running running(loiter({"gate", "--format", "json=" + folder.path() + "/json", "--format",
                                         "junit=" + folder.path() + "/junit", DEADLOCKED}));
        ASSERT_TRUE(running.await_output("ready"));
        kill(-running.pid(), SIGTERM);

        EXPECT_EQ(running.finish().status, 143);
        const std::vector<json> reports = objects(content(folder.path() + "/json"));
        ASSERT_EQ(reports.size(), 1U);
        EXPECT_EQ(reports[0].at("threads").size(), 3U);
        EXPECT_THAT(verdicts(reports[0]), Contains("deadlock")) << reports[0].dump(2);
        EXPECT_THAT(content(folder.path() + "/junit"), HasSubstr("deadlock in "));
    }
}

TEST(Signals, LeaveTheStatusToTheProgram) {
    EXPECT_EQ(signalled({"run", "sh", "-c", kObeyTerm}, SIGTERM).status, 5);
    EXPECT_EQ(signalled({"gate", "sh", "-c", kObeyTerm}, SIGTERM).status, 5);
}

TEST(Signals, AreFollowedByTheReportOfAnEndOfItsOwn) {
    const support::Outcome outcome =
        signalled({"gate", "--format", "json", "--grace", "10ms", BLOCKED_WORKER, "obey", "0"}, SIGTERM);

    EXPECT_EQ(outcome.status, 86);
    EXPECT_THAT(ends(objects(outcome.errors)), ElementsAre("exit _exit 0", "signal alive null"));
}

TEST(Signals, ReportAsTextEvenWithoutFindings) {
    const support::Outcome outcome = signalled({"run", BLOCKED_WORKER, "hang"}, SIGTERM);

    EXPECT_EQ(outcome.status, 143);
    EXPECT_THAT(outcome.errors, HasSubstr("cond wait"));
}

TEST(Signals, OfTheUserReportAndLetTheProgramGoOn) {
    support::Running running(loiter({"run", "--format", "json", BLOCKED_WORKER, "obey", "0"}));
    ASSERT_TRUE(running.await_output("ready"));
    running.signal(SIGUSR1);
    // The higher number is taken after the lower one.
    running.signal(SIGTERM);
    const support::Outcome outcome = running.finish();

    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(ends(objects(outcome.errors)), ElementsAre("exit _exit 0", "signal alive null", "signal alive null"));
}

TEST(Signals, OfTheUserReachAProgramThatCatchesThem) {
    const support::Outcome outcome = signalled(
        {"run", "--format", "json", "sh", "-c", "trap 'exit 6' USR1; echo ready; while :; do sleep 0.01; done"},
        SIGUSR1);

    EXPECT_EQ(outcome.status, 6);
    EXPECT_THAT(ends(of_program(objects(outcome.errors), "sh")), ElementsAre("exit _exit 6", "signal alive null"));
}

TEST(Signals, ThatWereQueuedComeWithTheirValueAndSender) {
    for (const int number : {SIGUSR2, SIGRTMIN + 2}) {
        support::Running running(loiter({"run", QUEUED_SIGNAL, std::to_string(number)}));
        ASSERT_TRUE(running.await_output("ready"));
        ASSERT_EQ(sigqueue(running.pid(), number, {.sival_int = 42}), 0);

        EXPECT_THAT(running.finish().output, HasSubstr("code " + std::to_string(SI_QUEUE) + " value 42 from " +
                                                       std::to_string(getpid()) + "\n"));
    }
}

/// A higher number is passed on after a lower one.
TEST(Signals, ThatTheProgramSendsToItsGroupAreNotSentBack) {
    const support::Outcome outcome = run({"run", "-o", "/dev/null", "bash", "-c",
                                          "trap 'echo told' TERM; trap 'exit 6' RTMIN; kill 0; (kill -s RTMIN $PPID);"
                                          "while :; do sleep 0.01; done"});

    EXPECT_EQ(outcome.status, 6);
    EXPECT_EQ(outcome.output, "told\n");
}

}  // namespace
}  // namespace cli
