// SPDX-License-Identifier: Apache-2.0
//
// --watch: waits that have become too old are reported, each once, and the program goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/e2e/cli/cli.h"
#include "tests/support/eventually.h"
#include "tests/support/report.h"

namespace cli {
namespace {

using testing::ElementsAre;

/// Complete lines only.
std::vector<json> reports_in(const std::string& path) {
    std::string text = content(path);
    if (text.empty() || text.front() != '{') return {};
    text.resize(text.rfind('\n') + 1);
    return objects(text);
}

size_t watch_reports(const std::vector<json>& reports) {
    return static_cast<size_t>(std::count_if(reports.begin(), reports.end(), [](const json& report) {
        return report.at("process").at("reason") == "watch";
    }));
}

TEST(Watch, ReportsAWaitThatIsTooOldOnceAndTheProgramGoesOn) {
    const support::TemporaryFolder folder;
    const std::string path = folder.path() + "/report";
    support::Running loiter_run(
        loiter({"gate", "--watch", "100ms", "--format", "json", "-o", path, "--", BLOCKED_WORKER, "obey", "0"}));
    ASSERT_TRUE(loiter_run.await_output("ready"));

    EXPECT_TRUE(support::eventually([&] { return watch_reports(reports_in(path)) > 0; }));
    const json first = reports_in(path).at(0);
    loiter_run.signal(SIGTERM);
    const support::Outcome outcome = loiter_run.finish();

    EXPECT_THAT(report::verdicts(first), ElementsAre("blocked fact"));
    EXPECT_EQ(report::threads_of(first.at("findings").at(0)), (std::set<int>{2}));
    EXPECT_EQ(first.at("process").at("end"), "alive");
    EXPECT_GE(report::thread(first, 2).at("for_seconds").get<double>(), 0.1);
    EXPECT_EQ(watch_reports(reports_in(path)), 1U);
    EXPECT_FALSE(outcome.out_of_time);
}

TEST(Watch, SaysNothingWhereNoWaitBecomesTooOld) {
    const support::Outcome outcome = run({"run", "--watch", "1h", "--", "/bin/sh", "-c", "exit 3"});

    EXPECT_EQ(outcome.status, 3);
    EXPECT_EQ(outcome.errors, "");
}

}  // namespace
}  // namespace cli
