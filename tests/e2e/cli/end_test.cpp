// SPDX-License-Identifier: Apache-2.0
//
// Which processes are reported, how often, and how they are said to have ended.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <regex>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

support::Observed observe(const Words& program, const Words& options = {}, const std::string& command = "run") {
    return support::observe(LOITER_COMMAND, command, options, {program});
}

TEST(Reports, ComeForEveryProcessOfTheTreeCleanOnesToo) {
    const support::Observed observed = observe({"sh", "-c", "/bin/true; /bin/ls / > /dev/null; exit 4"});

    EXPECT_EQ(observed.outcome.status, 4);
    EXPECT_THAT(ends(observed.reports), ElementsAre("exit _exit 4", "exit return 0", "exit return 0"));
}

TEST(Reports, KeepNamesForTheNextRunWhereTheUserHasACache) {
    const support::TemporaryFolder cache;
    const auto run = [&] {
        const auto outcome =
            support::run({.arguments = {LOITER_COMMAND, "gate", "--grace", "10ms", BLOCKED_WORKER, "exit", "0"},
                          .environment = {{"XDG_CACHE_HOME", cache.path()}}});
        return std::regex_replace(outcome.errors, std::regex("0x[0-9a-f]+|[0-9]+(\\.[0-9]+)?(ms|s)?"), "N");
    };

    const std::string first = run();

    EXPECT_THAT(first, HasSubstr("blocked_worker.cpp"));
    EXPECT_FALSE(std::filesystem::is_empty(cache.path() + "/loiter"));
    EXPECT_EQ(run(), first);
}

TEST(Reports, FollowAnExecToTheNewProgram) {
    const support::Observed observed = observe({"sh", "-c", "exec /bin/true"});

    ASSERT_EQ(observed.reports.size(), 2U);
    EXPECT_EQ(observed.reports[0]["process"]["end"], "exec");
    EXPECT_EQ(observed.reports[1]["process"]["end"], "return");
    EXPECT_EQ(observed.reports[0]["process"]["pid"], observed.reports[1]["process"]["pid"]);
    EXPECT_EQ(observed.reports[0]["findings"], json::array());
    EXPECT_EQ(observed.reports[1]["findings"], json::array());
}

TEST(Reports, OfAnExecNameTheThreadsThatItEnded) {
    const support::Observed observed = observe({BLOCKED_WORKER, "exec", "true"}, {}, "gate");

    EXPECT_EQ(observed.outcome.status, 86);
    ASSERT_EQ(observed.reports.size(), 2U);
    EXPECT_EQ(observed.reports[0]["process"]["end"], "exec");
    ASSERT_EQ(observed.reports[0]["findings"].size(), 1U);
    EXPECT_EQ(observed.reports[0]["findings"][0]["verdict"], "blocked");
    EXPECT_EQ(observed.reports[1]["findings"], json::array());
}

TEST(Reports, OfAnExecThatFailedTellTheRealEnd) {
    const support::Observed observed = observe({BLOCKED_WORKER, "failed-exec"}, {"--grace", "10ms"}, "gate");

    EXPECT_EQ(observed.outcome.status, 0);
    ASSERT_THAT(ends(observed.reports), ElementsAre("exit return 0"));
    EXPECT_EQ(observed.reports[0]["findings"], json::array());
}

TEST(Reports, OfAQuickExitComeAfterTheProgramsHandlers) {
    const support::Observed observed = observe({BLOCKED_WORKER, "quick-exit"}, {"--grace", "10ms"}, "gate");

    EXPECT_EQ(observed.outcome.status, 0);
    EXPECT_THAT(ends(observed.reports), ElementsAre("exit quick_exit 0"));
}

TEST(Reports, DoNotAccuseTheThreadThatEndedTheProcessPastEveryWrapper) {
    const support::Observed own = observe({PAST_WRAPPERS, "exit", "0"}, {}, "gate");
    const support::Observed child = observe({"sh", "-c", PAST_WRAPPERS " exit 3; exit 0"}, {}, "gate");
    const support::Observed replaced = observe({PAST_WRAPPERS, "exec", "/bin/true"}, {}, "gate");

    EXPECT_EQ(own.outcome.status, 0);
    EXPECT_EQ(child.outcome.status, 0);
    EXPECT_EQ(replaced.outcome.status, 0);
    EXPECT_EQ(own.reports.size(), 1U);
    EXPECT_EQ(child.reports.size(), 2U);
    EXPECT_THAT(ends(replaced.reports), ElementsAre(testing::StartsWith("exit exec"), "exit return 0"));
}

TEST(Reports, OfAKilledProgramAreMadeFromItsRecording) {
    const support::Observed observed = observe({"sh", "-c", "kill -9 $$"});

    EXPECT_EQ(observed.outcome.status, 137);
    EXPECT_THAT(ends(observed.reports), ElementsAre("post-mortem signal 137"));
}

TEST(Reports, NameTheBlockedThreadOfAProgramThatReturned) {
    const support::Observed observed = observe({BLOCKED_WORKER, "exit", "0"}, {"--grace", "10ms"});

    ASSERT_EQ(observed.reports.size(), 1U);
    const json& report = observed.reports[0];
    EXPECT_THAT(ends(observed.reports), ElementsAre("exit return 0"));
    ASSERT_EQ(report["findings"].size(), 1U);
    EXPECT_EQ(report["findings"][0]["verdict"], "blocked");
    EXPECT_EQ(report["findings"][0]["threads"], json::array({2}));
    EXPECT_EQ(report["threads"][1]["state"], "cond wait");
}

TEST(Reports, OfAProgramThatWasNotStartedDoNotExist) {
    EXPECT_TRUE(observe({"no-such-program"}).reports.empty());
    EXPECT_TRUE(observe({STATIC_PROGRAM}).reports.empty());
}

/// Of the run though its parent has ended, and in a folder that others may use as well.
TEST(Reports, DoNotWaitForProcessesThatOutliveTheProgram) {
    const support::TemporaryFolder folder;
    const std::string started = folder.path() + "/started";
    const std::string released = folder.path() + "/released";
    ASSERT_EQ(mkfifo(started.c_str(), 0600), 0);
    ASSERT_EQ(mkfifo(released.c_str(), 0600), 0);
    const int holder = open(released.c_str(), O_RDWR | O_CLOEXEC);

    const support::Observed observed =
        observe({"sh", "-c",
                 "sh -c 'echo > " + started + "; read line < " + released + "' & read line < " + started + "; exit 0"},
                {"--dir", folder.path() + "/kept"});
    close(holder);

    EXPECT_EQ(observed.outcome.status, 0);
    EXPECT_THAT(ends(observed.reports), ElementsAre("dump alive null", "exit _exit 0"));
}

TEST(Reports, OfAPipelineAreAllThere) {
    const support::Observed observed = observe({"bash", "-c", "/bin/echo a | /bin/cat | /usr/bin/wc -l > /dev/null"});

    EXPECT_EQ(observed.outcome.status, 0);
    int programs = 0;
    for (const json& report : observed.reports) {
        EXPECT_EQ(report["findings"], json::array()) << report["process"];
        const std::string end = report["process"]["end"];
        programs += end == "return" || end == "exit" ? 1 : 0;
    }
    EXPECT_EQ(programs, 4);
}

}  // namespace
}  // namespace cli
