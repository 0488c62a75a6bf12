// SPDX-License-Identifier: Apache-2.0
//
// The process has ended, and is kept for the grace time alone: what other threads do then changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using Json = nlohmann::json;

class LateEnd : public testing::TestWithParam<const char*> {
protected:
    static support::Command target() { return {.arguments = {LATE_ENDS, GetParam()}}; }
};

TEST_P(LateEnd, IsNotReachedByItself) {
    const support::Outcome outcome = support::run(target());

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "");
}

TEST_P(LateEnd, ChangesNothingUnderRun) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "run", {"--grace", "60s"}, target());

    EXPECT_EQ(observed.outcome.status, 0);
    EXPECT_EQ(observed.outcome.output, "late\n");
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(observed.reports[0].at("process").at("status"), 0);
}

TEST_P(LateEnd, ChangesNothingUnderPlainPreload) {
    if (std::string(GetParam()) == "raw") GTEST_SKIP() << "nobody comes between such a call and the kernel";
    const support::TemporaryFolder folder;
    support::Command command = target();
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY},
                           {"LOITER_OPTIONS", "grace=60s:format=json:dir=" + folder.path()}};

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "late\n");
    const std::string expected = std::string(GetParam()) == "return" ? "exit" : "return";
    EXPECT_EQ(Json::parse(outcome.errors.substr(outcome.errors.find('{'))).at("process").at("end"), expected);
}

INSTANTIATE_TEST_SUITE_P(By, LateEnd,
                         testing::Values("exit", "_exit", "quick_exit", "abort", "store", "error", "exec", "raw",
                                         "return"));

}  // namespace
