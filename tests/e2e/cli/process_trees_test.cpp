// SPDX-License-Identifier: Apache-2.0
//
// Test runners and what they start: one report a process, one status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(ProcessTrees, OfADoublyForkedDaemonAreJudged) {
    const support::Outcome outcome =
        run({"gate", "--format", "json", "sh", "-c", "(setsid " BLOCKED_WORKER " exit 0 &) | read ready; exit 0"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(leaking(objects(outcome.errors)), Words{json({BLOCKED_WORKER, "exit", "0"}).dump()});
}

}  // namespace
}  // namespace cli
