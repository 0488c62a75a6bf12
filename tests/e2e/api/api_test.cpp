// SPDX-License-Identifier: Apache-2.0
//
// loiter/loiter.h as programs use it: without the library, with it preloaded, under the command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;
using support::Command;
using support::Outcome;
using testing::ElementsAre;

Outcome run_plainly(const std::string& program, const std::string& situation = "") {
    return support::run(Command{{program, situation}});
}

Outcome run_preloaded(const std::string& program, const std::string& situation = "") {
    Command command{{program, situation}};
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_OPTIONS", "report=none"}};
    return support::run(command);
}

Json report_of(const std::string& program, const std::string& situation) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "run", {"--all"}, Command{{program, situation}});
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    return observed.reports.at(0);
}

std::string text_of_report(const std::string& program, const std::string& situation) {
    return support::run(Command{{LOITER_COMMAND, "run", "--", program, situation}}).errors;
}

std::vector<std::string> labels(const Json& report) {
    std::vector<std::string> labels;
    for (const Json& thread : report.at("threads")) labels.push_back(thread.at("label").dump());
    return labels;
}

class EveryLink : public testing::TestWithParam<const char*> {};

TEST_P(EveryLink, WithoutTheLibraryDoesNothing) {
    const Outcome outcome = run_plainly(std::string(API_PROGRAMS) + GetParam());

    EXPECT_EQ(outcome.output, "0 -1 0 0 0 -1 -1 -1 -1 -\n");
    EXPECT_EQ(outcome.status, 0);
}

TEST_P(EveryLink, FindsTheLibraryThatIsPreloaded) {
    const bool is_static = std::string(GetParam()) == "static";

    const Outcome outcome = run_preloaded(std::string(API_PROGRAMS) + GetParam());

    EXPECT_EQ(outcome.output, is_static ? "0 -1 0 0 0 -1 -1 -1 -1 -\n" : "1 0 1 1 0 0 0 0 0 a label\n");
    EXPECT_EQ(outcome.status, 0);
}

INSTANTIATE_TEST_SUITE_P(Of, EveryLink, testing::Values("pie", "fixed", "fixed_O2", "noplt", "static"),
                         [](const auto& program) { return std::string(program.param); });

TEST(Counts, AreByStateAndOfTheMomentThatAsks) {
    EXPECT_EQ(run_preloaded(ASKING, "count").output,
              "active: 1\n"
              "at first: 1 threads, 0 blocked, 1 alive, 0 unjoined, 1 created, 0 lost\n"
              "with three: 4 threads, 1 blocked, 2 alive, 1 unjoined, 4 created, 0 lost\n");
}

TEST(Counts, AreThoseOfTheReport) {
    const Json counts = report_of(ASKING, "count").at("counts");

    EXPECT_EQ(counts.at("threads"), 4);
    EXPECT_EQ(counts.at("blocked"), 1);
    EXPECT_EQ(counts.at("unjoined"), 1);
    EXPECT_EQ(counts.at("created_total"), 4);
}

TEST(Counts, WithoutTheLibraryAreZero) {
    EXPECT_EQ(run_plainly(ASKING, "count").output,
              "active: 0\n"
              "at first: 0 threads, 0 blocked, 0 alive, 0 unjoined, 0 created, 0 lost\n"
              "with three: 0 threads, 0 blocked, 0 alive, 0 unjoined, 0 created, 0 lost\n");
}

TEST(ThreadsSince, AreThoseCreatedLaterAndStillThereButNotTheExpectedOnes) {
    EXPECT_EQ(run_preloaded(ASKING, "since").output,
              "since now: 0\n"
              "since the mark: 1 T3[second, mutex lock, -]\n"
              "since the start: 2 T2[first, mutex lock, -] T3[second, mutex lock, -]\n"
              "of a label: 1 T6[third, mutex lock, third's]\n"
              "of another: 0\n"
              "more than there is room for: 3 T2[first, mutex lock, -] T3[second, mutex lock, -]\n");
}

TEST(Labels, AreInheritedThroughCreationHoweverLate) {
    const Json report = report_of(ASKING, "label");

    // T4 was created by T2 or is the one that main created second: whichever came first.
    std::vector<std::string> found = labels(report);
    std::sort(found.begin(), found.end());
    EXPECT_THAT(found, ElementsAre("\"Suite.First\"", "\"Suite.First\"", "\"Suite.Second\"", "null", "null"));
    EXPECT_EQ(report::thread(report, 2).at("label"), "Suite.First");
    for (const Json& thread : report.at("threads")) {
        const Json& creator = thread.at("created_by");
        if (creator.is_object() && creator.at("thread") == 2) {
            EXPECT_EQ(thread.at("label"), "Suite.First");
        }
    }
}

TEST(Labels, AreOfTheCallingThread) {
    EXPECT_EQ(run_preloaded(ASKING, "label").output, "Suite.Second\n-\n");
}

TEST(Labels, StandInTheTextAndInTheFinding) {
    const std::string text = text_of_report(ASKING, "label");
    const Json report = report_of(ASKING, "label");

    EXPECT_THAT(text, testing::HasSubstr("created in Suite.First by T2 at"));
    EXPECT_THAT(text, testing::HasSubstr("created in Suite.Second by T1 at"));
    EXPECT_THAT(report.at("findings").dump(), testing::HasSubstr(", created in Suite.Second"));
}

TEST(ExpectedThreads, AreNoFindingAndTheReportSaysSo) {
    const Json report = report_of(ASKING, "label");

    std::set<int> expected;
    std::set<int> accused;
    for (const Json& thread : report.at("threads")) {
        if (thread.at("expected") == true) expected.insert(thread.at("id").get<int>());
    }
    for (const Json& finding : report.at("findings")) accused.merge(report::threads_of(finding));
    EXPECT_EQ(expected, std::set<int>{5});
    EXPECT_EQ(accused, (std::set<int>{2, 3, 4}));
}

TEST(NamesOfLocks, StandInTheReportUntilTheLockIsMadeAnew) {
    const Json report = report_of(ASKING, "name");

    EXPECT_EQ(report::thread(report, 2).at("waits_for").at("name"), "the ledger");
    EXPECT_EQ(report::thread(report, 3).at("waits_for").at("name"), nullptr);
    EXPECT_EQ(report::thread(report, 1).at("holds").at(0).at("name"), "the ledger");
    EXPECT_THAT(text_of_report(ASKING, "name"), testing::HasSubstr("waits for mutex the ledger"));
}

TEST(Calls, MayBeMadeInSignalHandlers) {
    EXPECT_EQ(run_preloaded(ASKING, "handler").output, "handled: 1\n");
}

TEST(ForkedChildren, BeginWithoutLabelAndTakeTheirParentsMarkForTheFork) {
    EXPECT_EQ(run_preloaded(ASKING, "fork").output,
              "label: -\n"
              "at first: 1 threads, 0 blocked, 1 alive, 0 unjoined, 1 created, 0 lost\n"
              "since the parent's mark: 1 T2[asking, mutex lock, -]\n");
}

}  // namespace
