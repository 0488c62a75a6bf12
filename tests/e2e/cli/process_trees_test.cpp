// SPDX-License-Identifier: Apache-2.0
//
// Test runners and what they start: one report a process, one status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

/// Processes with findings, by their first words.
Words leaking(const std::vector<json>& reports) {
    Words found;
    for (const json& report : reports) {
        if (!report["findings"].empty()) found.push_back(report["process"]["command"].dump());
    }
    return found;
}

TEST(ProcessTrees, OfAParallelMakeAreJudgedToTheLastProcess) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/Makefile") << "all: leaky clean shell\nleaky:\n\t" BLOCKED_WORKER
                                                  " exit 0\nclean:\n\t/bin/true\nshell:\n\tsh -c '/bin/true; exit 0'\n";
    const Words gate = {"gate", "--format", "json", "make", "-s", "-j2", "-C", folder.path()};

    const support::Outcome outcome = run(gate);

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(leaking(objects(outcome.errors)), Words{json({BLOCKED_WORKER, "exit", "0"}).dump()});
    std::ofstream(folder.path() + "/Makefile") << "all:\n\t" BLOCKED_WORKER " exit 3\n";
    EXPECT_EQ(run({"gate", "make", "-s", "-j2", "-C", folder.path()}).status, 2) << "make's own failure wins";
}

TEST(ProcessTrees, WithFindingsInSeveralProcessesEndInOneLineOfAll) {
    const std::string leak = BLOCKED_WORKER " exit 0; ";
    const auto last_words = [](const std::string& command, const std::string& script) {
        return run({command, "--grace", "10ms", "sh", "-c", script + "exit 0"}).errors;
    };

    EXPECT_THAT(last_words("gate", leak + "/bin/true; " + leak),
                testing::EndsWith("\n\nloiter: FAILED in 2 of 4 processes: 2 blocked threads\n"));
    EXPECT_THAT(last_words("run", leak + leak),
                testing::EndsWith("\n\nloiter: findings in 2 of 3 processes: 2 blocked threads\n"));
    EXPECT_THAT(last_words("gate", leak), testing::EndsWith("\n\nFAILED: 1 blocked thread\n")) << "it has said all";
}

TEST(ProcessTrees, OfADoublyForkedDaemonAreJudged) {
    const support::Outcome outcome =
        run({"gate", "--format", "json", "sh", "-c", "(setsid " BLOCKED_WORKER " exit 0 &) | read ready; exit 0"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(leaking(objects(outcome.errors)), Words{json({BLOCKED_WORKER, "exit", "0"}).dump()});
}

/// Forked before CMD ended, and executed after: while CMD ends it has no recording that could be seen, and
/// when it has one, no parent of the run.
TEST(ProcessTrees, OfADaemonThatWasBarelyForkedAreJudged) {
    const support::TemporaryFolder folder;
    const std::string when_cmd_is_gone = "(while kill -0 $$ 2>&-; do :; done; exec setsid " BLOCKED_WORKER " exit 0) &";
    for (const std::string& script : {when_cmd_is_gone + " exit 0", "(" + when_cmd_is_gone + ") ; exit 0"}) {
        for (const Words& place : {Words{}, Words{"--dir", folder.path()}}) {
            Words arguments = {"gate", "--grace", "5s", "--format", "json"};
            arguments.insert(arguments.end(), place.begin(), place.end());
            arguments.insert(arguments.end(), {"sh", "-c", script});

            const support::Outcome outcome = run(arguments);

            EXPECT_EQ(outcome.status, 86);
            EXPECT_EQ(leaking(objects(outcome.errors)), Words{json({BLOCKED_WORKER, "exit", "0"}).dump()});
        }
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
        EXPECT_TRUE(entry.is_regular_file()) << entry.path() << ": what it was to execute is known by now";
}

/// A worker that CMD leaves behind, reported as it is; ended when this goes.
class LeftRunning {
public:
    explicit LeftRunning(const std::string& action, const Words& options = {}) {
        const std::string output = folder_.path() + "/output";
        Words arguments = {"gate", "--grace", "100ms"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        arguments.insert(arguments.end(),
                         {"sh", "-c",
                          BLOCKED_WORKER " " + action + " > " + output + " 2>&1 & echo $!; until grep -qs ready " +
                              output + "; do :; done; exit 0"});
        outcome_ = run(arguments);
        pid_ = std::atoi(outcome_.output.c_str());
    }
    ~LeftRunning() {
        if (pid_ > 0) kill(pid_, SIGKILL);
    }
    LeftRunning(const LeftRunning&) = delete;
    LeftRunning& operator=(const LeftRunning&) = delete;

    const support::Outcome& outcome() const { return outcome_; }
    pid_t pid() const { return pid_; }

private:
    support::TemporaryFolder folder_;
    support::Outcome outcome_;
    pid_t pid_ = 0;
};

TEST(LeftRunning, AProcessIsReportedAsItIs) {
    const LeftRunning worker("hang", {"--format", "json"});

    EXPECT_EQ(worker.outcome().status, 0) << "an idle thread of a process that goes on is no finding";
    std::vector<json> reports = objects(worker.outcome().errors);
    std::erase_if(reports, [&](const json& report) { return report["process"]["pid"] != worker.pid(); });
    EXPECT_EQ(ends(reports), Words{"dump alive null"});
}

TEST(LeftRunning, AProcessIsNamed) {
    const LeftRunning worker("hang");

    EXPECT_EQ(worker.outcome().errors, "loiter: still running, and judged only as it is now: " BLOCKED_WORKER " (pid " +
                                           std::to_string(worker.pid()) + ")\n");
}

TEST(LeftRunning, AProcessThatCanNeverEndFailsTheGate) {
    EXPECT_EQ(LeftRunning("asleep").outcome().status, 86);
    EXPECT_EQ(LeftRunning("asleep", {"--children", "no"}).outcome().status, 0);
}

}  // namespace
}  // namespace cli
