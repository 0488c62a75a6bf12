// SPDX-License-Identifier: Apache-2.0
//
// Listeners and scopes for test frameworks: which tests fail, for which threads, and that nothing happens
// without the library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/support/target_runner.h"

namespace {

using support::Command;
using support::Outcome;
using testing::ElementsAre;

Outcome run_tests(const std::vector<std::string>& arguments) {
    Command command{arguments};
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_OPTIONS", "report=none"}};
    return support::run(command);
}

/// Every match's first group.
std::vector<std::string> all(const std::string& text, const std::string& pattern) {
    const std::regex regex(pattern);
    std::vector<std::string> found;
    for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
        found.push_back((*match)[1]);
    return found;
}

/// "1 thread that X created is still there" of each failure.
std::vector<std::string> accused(const Outcome& outcome) {
    return all(outcome.output, "([0-9]+ threads? that .* created) (?:is|are) still there:");
}

TEST(GoogleTestListener, FailsTheTestThatCreatedTheThreadWheneverItShows) {
    const Outcome outcome = run_tests({GTEST_LEAKS, "short"});

    EXPECT_THAT(accused(outcome),
                testing::IsSupersetOf({"1 thread that Leaks.OneNowAndOneLater created",
                                       "1 thread that Leaks.OneNowAndOneLater created", "1 thread that Suite created"}))
        << outcome.output;
    EXPECT_THAT(all(outcome.output, "\\[  FAILED  \\] (Leaks\\.\\w+)"), testing::Contains("Leaks.OneNowAndOneLater"));
    EXPECT_EQ(outcome.status, 1);
}

TEST(GoogleTestListener, WaitsForThreadsThatEndAndAccusesNoTestOfAnothers) {
    const Outcome outcome = run_tests({GTEST_LEAKS, ""});

    EXPECT_THAT(all(outcome.output, "\\[       OK \\] (\\S+)"),
                ElementsAre("Suite.JoinsItsThreads", "Leaks.NoneThatEndsWithinTheGraceTime",
                            "Leaks.NoneThatIsExpectedToStay", "Leaks.NoneOfAnotherTestsThread"))
        << outcome.output;
    EXPECT_THAT(accused(outcome),
                ElementsAre("1 thread that Suite created", "1 thread that Leaks.OneNowAndOneLater created",
                            "1 thread that this scope in Scope.TellsOfItsBlockAlone created",
                            "1 thread that Scope.TellsOfItsBlockAlone created",
                            "1 thread that Leaks.OneNowAndOneLater created"));
}

TEST(GoogleTestListener, DoesNothingWithoutTheLibraryAndSaysSoWhenAsked) {
    // The late thread of a test is waited for by another, and is there without the library too.
    const Outcome quiet = support::run(Command{{GTEST_LEAKS, ""}});
    const Outcome told = support::run(Command{{GTEST_LEAKS, "tell"}});

    EXPECT_EQ(quiet.status, 0) << quiet.output;
    EXPECT_EQ(quiet.errors, "");
    EXPECT_EQ(told.status, 0);
    EXPECT_EQ(told.errors, "loiter: libloiter.so is not preloaded: leaked threads are not looked for\n");
}

struct Framework {
    const char* name;
    const char* program;
    std::vector<std::string> accused;

    friend std::ostream& operator<<(std::ostream& out, const Framework& one) { return out << one.name; }
};

class OtherFramework : public testing::TestWithParam<Framework> {
protected:
    void SetUp() override {
        if (std::string(GetParam().program).empty()) GTEST_SKIP() << "its headers are not installed";
    }
};

TEST_P(OtherFramework, FailsTheTestCasesThatLeak) {
    const Outcome outcome = run_tests({GetParam().program});

    EXPECT_EQ(accused(outcome), GetParam().accused) << outcome.output;
    EXPECT_THAT(all(outcome.output, "test cases: +([0-9]+) \\|"), ElementsAre("4")) << outcome.output;
    EXPECT_THAT(all(outcome.output, "\\| +([0-9]+) failed"), testing::Contains("2")) << outcome.output;
    EXPECT_NE(outcome.status, 0);
}

TEST_P(OtherFramework, DoesNothingWithoutTheLibrary) {
    const Outcome outcome = support::run(Command{{GetParam().program}});

    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(accused(outcome), ElementsAre());
}

INSTANTIATE_TEST_SUITE_P(
    Of, OtherFramework,
    testing::Values(
        // Each run through the sections is a run of its own.
        Framework{"Catch2",
                  CATCH2_LEAKS,
                  {"1 thread that leaves one a run created", "1 thread that leaves one a run created",
                   "1 thread that this scope in has a scope created", "1 thread that has a scope created"}},
        Framework{"doctest",
                  DOCTEST_LEAKS,
                  {"2 threads that leaves one a run created", "1 thread that this scope in has a scope created",
                   "1 thread that has a scope created"}}),
    [](const auto& framework) { return std::string(framework.param.name); });

}  // namespace
