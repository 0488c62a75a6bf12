// SPDX-License-Identifier: Apache-2.0
//
// The table: every ending x every leftover thread x plain preload, run and gate. The report, the exit
// status, and what is left on disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;
using testing::ElementsAre;

constexpr int kFindings = 86;

struct Ending {
    const char* how;
    const char* end;                ///< the word of the report
    int status;                     ///< of the program itself
    bool by_signal = false;         ///< nothing of the library runs any more
    bool waits_for_others = false;  ///< it does not come while another thread lives

    friend std::ostream& operator<<(std::ostream& out, const Ending& one) { return out << one.how; }
};

constexpr Ending kEndings[] = {
    {"return", "return", 0},
    {"exit", "exit", 0},
    {"thread-exit", "exit", 0},
    {"_exit", "_exit", 0},
    {"_Exit", "_exit", 0},
    {"quick_exit", "quick_exit", 0},
    {"last-thread", "return", 0, false, true},
    {"err", "return", 3},
    {"abort", "signal", 134, true},
    {"segv", "signal", 139, true},
    {"kill", "signal", 137, true},
};

struct Leftover {
    const char* what;
    const char* verdict;  ///< empty: clean
    const char* state;

    friend std::ostream& operator<<(std::ostream& out, const Leftover& one) { return out << one.what; }
};

constexpr Leftover kLeftovers[] = {
    {"none", "", ""},
    {"blocked", "blocked", "cond wait"},
    {"running", "alive", "spinning"},
    {"unjoined", "unjoined", "exited"},
};

using Row = std::tuple<Ending, Leftover>;

class End : public testing::TestWithParam<Row> {
protected:
    void SetUp() override {
        if (ending().waits_for_others && leaves_one_alive()) GTEST_SKIP() << "the process goes on";
    }

    static const Ending& ending() { return std::get<0>(GetParam()); }
    static const Leftover& leftover() { return std::get<1>(GetParam()); }
    static bool is_clean() { return leftover().verdict[0] == '\0'; }
    static bool leaves_one_alive() { return !is_clean() && std::string(leftover().what) != "unjoined"; }
    static support::Command target() { return {.arguments = {ENDINGS, ending().how, leftover().what}}; }

    /// The finding about the thread that was left, whatever is said of others.
    static void expect_leftover(const Json& report) {
        if (is_clean()) return;
        int found = 0;
        for (const Json& finding : report::findings(report, leftover().verdict)) {
            if (finding.at("threads") == Json({2})) ++found;
        }
        EXPECT_EQ(found, 1) << report.at("findings").dump(2);
        // What a killed process' thread outside every wrapper did to the last is not known.
        const bool is_guess = ending().by_signal && std::string(leftover().what) == "running";
        EXPECT_EQ(report::thread(report, 2).at("state"), is_guess ? "running" : leftover().state);
        EXPECT_EQ(report::thread(report, 2).at("last_recorded"), is_guess);
    }

    static void expect_report_of_run(const Json& report) {
        EXPECT_EQ(report.at("process").at("reason"), ending().by_signal ? "post-mortem" : "exit");
        EXPECT_EQ(report.at("process").at("end"), ending().end);
        EXPECT_EQ(report.at("process").at("status"), ending().status);
        if (!ending().by_signal) {
            EXPECT_EQ(report.at("findings").size(), is_clean() ? 0U : 1U) << report.at("findings").dump(2);
        }
        expect_leftover(report);
    }
};

TEST_P(End, UnderRunIsReportedAndKeepsTheStatus) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "run", {"--grace", "20ms"}, target());

    EXPECT_EQ(observed.outcome.status, ending().status);
    ASSERT_EQ(observed.reports.size(), 1U);
    expect_report_of_run(observed.reports[0]);
}

TEST_P(End, UnderGateFailsForLeftoversOfAProgramThatSucceeded) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {"--grace", "20ms"}, target());

    EXPECT_EQ(observed.outcome.status, ending().status != 0 ? ending().status : is_clean() ? 0 : kFindings);
    ASSERT_EQ(observed.reports.size(), 1U);
    expect_report_of_run(observed.reports[0]);
}

/// What the program itself writes to standard error.
std::string own_words(const Ending& ending) {
    return std::string(ending.how) == "err" ? "endings: gave up\n" : "";
}

TEST_P(End, UnderPlainPreloadIsReportedAndChangesNothing) {
    const support::TemporaryFolder folder;
    support::Command command = target();
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY},
                           {"LOITER_OPTIONS", "grace=20ms:format=json:dir=" + folder.path()}};

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, ending().status);
    EXPECT_EQ(outcome.output, "");
    ASSERT_TRUE(outcome.errors.starts_with(own_words(ending()))) << outcome.errors;
    const std::string report = outcome.errors.substr(own_words(ending()).size());
    const bool has_threads =
        !is_clean() || std::string(ending().how) == "thread-exit" || std::string(ending().how) == "last-thread";
    if (ending().by_signal || !has_threads) {
        EXPECT_EQ(report, "");
    } else {
        const Json parsed = Json::parse(report);
        EXPECT_EQ(parsed.at("process").at("reason"), "exit");
        EXPECT_EQ(parsed.at("process").at("end"), ending().end);
        EXPECT_EQ(parsed.at("findings").size(), is_clean() ? 0U : 1U) << parsed.at("findings").dump(2);
        expect_leftover(parsed);
    }
    EXPECT_EQ(std::filesystem::is_empty(folder.path()), !has_threads);
}

TEST_P(End, IsReadFromTheRecordingThatASignalLeaves) {
    if (!ending().by_signal || is_clean()) GTEST_SKIP() << "nothing is left to read";
    const support::TemporaryFolder folder;
    support::Command command = target();
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_OPTIONS", "dir=" + folder.path()}};
    EXPECT_EQ(support::run(command).status, ending().status);

    const support::Outcome outcome =
        support::run({.arguments = {LOITER_COMMAND, "report", "--format", "json", folder.path()}});

    EXPECT_EQ(outcome.status, 0);
    const Json parsed = Json::parse(outcome.output);
    EXPECT_EQ(parsed.at("process").at("reason"), "post-mortem");
    expect_leftover(parsed);
}

std::string name_of(const testing::TestParamInfo<Row>& row) {
    std::string name = std::string(std::get<0>(row.param).how) + "With" + std::get<1>(row.param).what;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(By, End, testing::Combine(testing::ValuesIn(kEndings), testing::ValuesIn(kLeftovers)),
                         name_of);

}  // namespace
