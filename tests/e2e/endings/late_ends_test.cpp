// SPDX-License-Identifier: Apache-2.0
//
// The process has ended, and is kept for the grace time alone: what other threads do then changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using Json = nlohmann::json;

class LateEnd : public testing::TestWithParam<const char*> {
protected:
    static support::Command target() { return {.arguments = {LATE_ENDS, GetParam()}}; }
    static std::string how() { return GetParam(); }

    /// What is written last is what libc has left to write when it ends the process.
    static std::string output() {
        if (how() == "raw") return "late\n";
        if (how() == "fork_exit") return "late\nearly\nchild 7\nearly\n";
        if (how() == "fork_term") return "late\nchild killed\nearly\n";
        return "late\nearly\n";
    }
};

TEST_P(LateEnd, IsNotReachedByItself) {
    const support::Outcome outcome = support::run(target());

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "early\n");
}

TEST_P(LateEnd, ChangesNothingUnderRun) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "run", {"--grace", "60s"}, target());

    EXPECT_EQ(observed.outcome.status, 0);
    EXPECT_EQ(observed.outcome.output, output());
    ASSERT_GE(observed.reports.size(), 1U);
    EXPECT_EQ(observed.reports[0].at("process").at("status"), 0);
}

TEST(EndingProcess, HasHandlersOfOursThatAreNotTold) {
    const support::Command target = {.arguments = {LATE_ENDS, "exit"}};
    const support::Observed observed = support::observe(LOITER_COMMAND, "run", {"--grace", "60s"}, target);

    ASSERT_EQ(observed.reports.size(), 1U);
    std::vector<Json> awaited;
    for (const Json& thread : observed.reports[0].at("threads")) {
        if (thread.at("state") == "signal wait") awaited.push_back(thread.at("waits_for").at("detail"));
    }
    EXPECT_THAT(awaited, testing::ElementsAre("any signal"));
}

TEST_P(LateEnd, ChangesNothingUnderPlainPreload) {
    if (how() == "raw") GTEST_SKIP() << "nobody comes between such a call and the kernel";
    const support::TemporaryFolder folder;
    support::Command command = target();
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY},
                           {"LOITER_OPTIONS", "grace=60s:format=json:dir=" + folder.path()}};

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, output());
    const std::string expected = how() == "return" ? "exit" : "return";
    EXPECT_EQ(Json::parse(outcome.errors.substr(outcome.errors.find('{'))).at("process").at("end"), expected);
}

TEST(EndingProcess, HasChildrenWithEndsOfTheirOwn) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "run", {"--all"}, {.arguments = {CHILD_OF_ENDING}});

    EXPECT_EQ(observed.outcome.status, 5);
    EXPECT_EQ(observed.outcome.output, "");
    std::multiset<std::string> ends;
    for (const Json& report : observed.reports) {
        const Json& process = report.at("process");
        ends.insert(process.at("end").get<std::string>() + " " + process.at("status").dump());
    }
    EXPECT_THAT(ends, testing::ElementsAre("exit 5", "return 0"));
}

INSTANTIATE_TEST_SUITE_P(By, LateEnd,
                         testing::Values("exit", "_exit", "quick_exit", "in_quick_exit", "abort", "store", "error",
                                         "errors", "exec", "raw", "return", "usr2", "io", "pwr", "realtime", "abrt",
                                         "pipe", "cancel", "cancel_at_once", "handler_exit", "handler__exit",
                                         "handler_pthread_exit", "fork_exit", "fork_term"));

}  // namespace
