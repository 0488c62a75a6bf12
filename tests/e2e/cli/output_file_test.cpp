// SPDX-License-Identifier: Apache-2.0
//
// -o and --format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::HasSubstr;

TEST(OutputFile, StaysEmptyForACleanProgram) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/report";

    EXPECT_EQ(run({"gate", "-o", file, "true"}).status, 0);

    EXPECT_EQ(content(file), "");
}

TEST(OutputFile, TakesTheReportAwayFromStandardError) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/report";

    const support::Outcome outcome = run({"gate", "-o", file, BLOCKED_WORKER, "exit", "0"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(outcome.errors, "");
    EXPECT_THAT(content(file), HasSubstr("cond wait"));
    EXPECT_THAT(content(file), testing::Not(HasSubstr("\x1b")));
}

TEST(OutputFile, IsOneForEachProcessWherePidIsInItsName) {
    const support::TemporaryFolder folder;

    const support::Outcome outcome =
        run({"run", "--format", "json", "-o", folder.path() + "/%p.json", "sh", "-c", "/bin/true; exit 0"});

    EXPECT_EQ(outcome.status, 0);
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        ++files;
        const std::vector<json> reports = objects(content(entry.path().string()));
        ASSERT_FALSE(reports.empty());
        EXPECT_EQ(std::to_string(reports[0]["process"]["pid"].get<int>()) + ".json", entry.path().filename().string());
    }
    EXPECT_EQ(files, 2U);
}

/// Written by whoever is killed for it by default.
TEST(OutputFile, BeyondTheLimitOfSizesLosesNotTheStatusOfTheProgram) {
    const support::TemporaryFolder folder;
    for (const std::string option : {"-o", "--format=junit -o", "--write-baseline", "--write-suppressions"}) {
        support::Command command;
        command.arguments = {"sh", "-c",
                             "ulimit -f 0; exec " LOITER_COMMAND " gate --timeout 20s " + option + " " + folder.path() +
                                 "/file " BLOCKED_WORKER " exit 3"};

        EXPECT_EQ(support::run(command).status, 3) << option;
    }
}

TEST(OutputFile, ThatFillsUpDoesNotFailTheProgram) {
    const support::Outcome outcome = run({"run", "-o", "/dev/full", BLOCKED_WORKER, "exit", "0"});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.errors, HasSubstr("cannot write /dev/full: No space left on device"));
}

TEST(OutputFile, TakesTheListOfProcessesToo) {
    const support::TemporaryFolder folder;

    EXPECT_EQ(run({"ps", "-o", folder.path() + "/list"}).output, "");

    EXPECT_THAT(content(folder.path() + "/list"), HasSubstr("PID"));
}

TEST(Color, ComesOnlyWhenAskedForOrForATerminal) {
    EXPECT_THAT(run({"run", "--color", "always", BLOCKED_WORKER, "exit", "0"}).errors, HasSubstr("\x1b["));
    EXPECT_THAT(run({"run", BLOCKED_WORKER, "exit", "0"}).errors, testing::Not(HasSubstr("\x1b[")));
}

TEST(Json, IsOneLineAProcess) {
    const support::Outcome outcome = run({"run", "--format=json", "true"});

    ASSERT_EQ(line_count(outcome.errors), 1);
    EXPECT_EQ(objects(outcome.errors)[0]["schema"], "loiter-report/1");
}

}  // namespace
}  // namespace cli
