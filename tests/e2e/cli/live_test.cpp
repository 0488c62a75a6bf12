// SPDX-License-Identifier: Apache-2.0
//
// dump and ps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

support::Outcome list(const Words& options, const support::TemporaryFolder& folder) {
    support::Command command = loiter({"ps"});
    command.arguments.insert(command.arguments.end(), options.begin(), options.end());
    command.environment = {{"LOITER_DIR", folder.path()}};
    return support::run(command);
}

TEST(Dump, ShowsEveryThreadOfALiveProcess) {
    const support::TemporaryFolder folder;
    support::Running target(observed_plainly({BLOCKED_WORKER, "hang"}, folder));
    ASSERT_TRUE(target.await_output("ready"));

    const support::Outcome text = run({"dump", std::to_string(target.pid())});
    const support::Outcome outcome = run({"dump", "--format", "json", std::to_string(target.pid())});

    EXPECT_EQ(text.status, 0);
    EXPECT_THAT(text.output, testing::AllOf(HasSubstr("cond wait"), HasSubstr("T1")));
    EXPECT_EQ(text.errors, "");
    EXPECT_EQ(outcome.status, 0);
    const std::vector<json> reports = objects(outcome.output);
    ASSERT_THAT(ends(reports), ElementsAre("dump alive null"));
    EXPECT_EQ(reports[0]["process"]["pid"], target.pid());
    EXPECT_EQ(reports[0]["counts"]["threads"], 2);
    EXPECT_EQ(reports[0]["findings"], json::array());
}

TEST(Dump, OfAProcessThatIsNoneSaysSo) {
    const support::Outcome outcome = run({"dump", "2147483647"});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(line_count(outcome.errors), 1);
    EXPECT_THAT(outcome.errors, HasSubstr("2147483647"));
}

TEST(Dump, OfAnUnobservedProcessSaysSo) {
    support::Command command;
    command.arguments = {BLOCKED_WORKER, "hang"};
    support::Running target(command);
    ASSERT_TRUE(target.await_output("ready"));

    const support::Outcome outcome = run({"dump", "--format", "json", std::to_string(target.pid())});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "");
    const std::vector<json> reports = objects(outcome.output);
    ASSERT_THAT(ends(reports), ElementsAre("dump alive null"));
    EXPECT_EQ(reports[0]["process"]["observed"], false);
    EXPECT_EQ(reports[0]["process"]["pid"], target.pid());
}

TEST(Dump, DoesNotDisturb) {
    const support::TemporaryFolder folder;
    support::Running target(observed_plainly({BLOCKED_WORKER, "obey", "3"}, folder));
    ASSERT_TRUE(target.await_output("ready"));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(run({"dump", std::to_string(target.pid())}).status, 0);
    target.signal(SIGTERM);

    const support::Outcome outcome = target.finish();

    EXPECT_EQ(outcome.status, 3);
    EXPECT_EQ(outcome.output, "ready\n");
    EXPECT_EQ(outcome.errors, "");
}

TEST(Ps, ListsLiveProcesses) {
    const support::TemporaryFolder folder;
    support::Running target(observed_plainly({BLOCKED_WORKER, "hang"}, folder));
    ASSERT_TRUE(target.await_output("ready"));
    const std::string pid = std::to_string(target.pid());

    const support::Outcome table = list({}, folder);
    const support::Outcome lines = list({"--format", "json"}, folder);

    EXPECT_EQ(table.status, 0);
    EXPECT_THAT(table.output, testing::ContainsRegex(" " + pid + " +running .*blocked_worker hang"));
    int found = 0;
    for (const json& process : objects(lines.output)) {
        // What an earlier process of the same pid left behind elsewhere is listed as well.
        if (!process["recording"].get<std::string>().starts_with(folder.path() + "/")) continue;
        ++found;
        EXPECT_EQ(process["pid"], target.pid());
        EXPECT_EQ(process["state"], "running");
        EXPECT_EQ(process["threads"], 2);
        EXPECT_EQ(process["command"], json::array({BLOCKED_WORKER, "hang"}));
    }
    EXPECT_EQ(found, 1);
}

TEST(Ps, ListsProcessesOfARunUnderWay) {
    support::Running running(loiter({"run", BLOCKED_WORKER, "hang"}));
    ASSERT_TRUE(running.await_output("ready"));

    int found = 0;
    for (const json& process : objects(run({"ps", "--format", "json"}).output)) {
        const std::string recording = process["recording"];
        if (recording.find("/loiter-run-") != std::string::npos &&
            process["command"] == json::array({BLOCKED_WORKER, "hang"})) {
            ++found;
        }
    }
    EXPECT_GE(found, 1);
    running.signal(SIGTERM);
    running.finish();
}

TEST(Ps, PrunesAndSaysHowMany) {
    const support::Outcome outcome = run({"ps", "--prune"});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, testing::ContainsRegex("^removed [0-9]+ recordings?\n$"));
}

TEST(Prune, KeepsTheNewestRecordingsOfTheDeadOnly) {
    const support::TemporaryFolder folder;
    ASSERT_EQ(run({"run", "--dir", folder.path(), "sh", "-c", "for i in $(seq 66); do /bin/true; done"}).status, 0);
    support::Command count;
    count.arguments = {"sh", "-c", "ls \"$0\" | wc -l", folder.path()};
    ASSERT_GE(std::stoi(support::run(count).output), 67);

    EXPECT_EQ(list({"--prune"}, folder).status, 0);

    EXPECT_EQ(support::run(count).output, "64\n");
}

}  // namespace
}  // namespace cli
