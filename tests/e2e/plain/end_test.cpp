// SPDX-License-Identifier: Apache-2.0
//
// Ends at which a report is hard to make, or where nobody would see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/e2e/plain/plain.h"
#include "tests/support/report.h"

namespace plain {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr int kStatus = 7;  // of odd_ends

support::Outcome end(std::vector<std::string> how, const std::string& options) {
    how.insert(how.begin(), ODD_ENDS);
    return support::run(preloaded(std::move(how), "grace=20ms:" + options));
}

/// What `loiter report` finds in a folder.
report::Json report_of(const std::string& folder) {
    return report::Json::parse(
        support::run({.arguments = {LOITER_COMMAND, "report", "--format", "json", folder}}).output);
}

TEST(PlainEnd, IsReportedOnStandardErrorAsText) {
    const support::Outcome outcome = end({"none"}, "");
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, HasSubstr("T2 [cond wait"));
    EXPECT_THAT(outcome.errors, HasSubstr("odd_ends.cpp"));
}

TEST(PlainEnd, IsReportedThoughNoChildIsGivenStandardError) {
    const support::Outcome outcome = end({"keep-stderr"}, "");
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_THAT(outcome.errors, HasSubstr("T2 [cond wait"));
}

TEST(PlainEnd, LeavesNoRecordingOfAReportedEnd) {
    support::Outcome outcome;
    EXPECT_FALSE(leaves_recording(preloaded({ODD_ENDS, "none"}, "grace=20ms:report=exit"), outcome));
    EXPECT_EQ(outcome.status, kStatus);
}

TEST(PlainEnd, LeavesNoNamesInTheUsersCache) {
    const support::TemporaryFolder cache;
    support::Command command = preloaded({ODD_ENDS, "none"}, "grace=20ms");
    command.environment.emplace_back("XDG_CACHE_HOME", cache.path());

    EXPECT_THAT(support::run(command).errors, HasSubstr("odd_ends.cpp"));
    EXPECT_TRUE(std::filesystem::is_empty(cache.path()));
}

TEST(PlainEnd, IsWaitedForByWhoeverReadsTheOutput) {
    support::Command command = preloaded({"sh", "-c", "words=$(" ODD_ENDS " none 2>&1); echo \"$words\""});
    EXPECT_THAT(support::run(command).output, HasSubstr("1 blocked"));
}

TEST(PlainEnd, WithStandardErrorClosedKeepsTheRecording) {
    const support::TemporaryFolder folder;
    const support::Outcome outcome = end({"close-stderr"}, "dir=" + folder.path());
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(outcome.errors, "");
    EXPECT_EQ(report_of(folder.path()).at("counts").at("blocked"), 1);
}

TEST(PlainEnd, WritesNothingIntoWhatBecameDescriptor2) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/data";
    const support::Outcome outcome = end({"move-stderr", file}, "");
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(outcome.errors, "");
    EXPECT_EQ(report::read_text(file), "");
}

TEST(PlainEnd, WithStandardErrorClosedGoesToTheLogFile) {
    const support::TemporaryFolder folder;
    const support::Outcome outcome = end({"close-stderr"}, "log_path=" + folder.path() + "/log");
    EXPECT_EQ(outcome.status, kStatus);
    const auto file = std::filesystem::directory_iterator(folder.path())->path();
    EXPECT_THAT(file.filename().string(), StartsWith("log."));
    EXPECT_THAT(report::read_text(file), HasSubstr("1 blocked"));
}

TEST(PlainEnd, WithoutTheCommandSaysWhereTheRecordingIs) {
    const support::TemporaryFolder folder;
    const std::string alone = folder.path() + "/libloiter.so";
    std::filesystem::copy_file(LOITER_LIBRARY, alone);
    support::Command command = preloaded({ODD_ENDS, "none"}, "grace=20ms:dir=" + folder.path() + "/kept");
    command.environment[0].second = alone;

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(line_count(outcome.errors), 1);
    EXPECT_THAT(outcome.errors, HasSubstr("loiter report " + folder.path() + "/kept/loiter-"));
    EXPECT_EQ(report_of(folder.path() + "/kept").at("counts").at("blocked"), 1);
}

class BrokenCommand : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(BrokenCommand, IsOneLineThatSaysWhereTheRecordingIs) {
    const auto [script, words] = GetParam();
    const support::TemporaryFolder folder;
    std::filesystem::create_directories(folder.path() + "/lib/loiter");
    std::filesystem::create_directories(folder.path() + "/bin");
    const std::string library = folder.path() + "/lib/loiter/libloiter.so";
    const std::string command_file = folder.path() + "/bin/loiter";
    std::filesystem::copy_file(LOITER_LIBRARY, library);
    std::ofstream(command_file) << script;
    std::filesystem::permissions(command_file, std::filesystem::perms::owner_all);
    support::Command command = preloaded({ODD_ENDS, "none"}, "grace=20ms:dir=" + folder.path() + "/kept");
    command.environment[0].second = library;

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(line_count(outcome.errors), 1) << outcome.errors;
    EXPECT_THAT(outcome.errors,
                HasSubstr(command_file + " " + words + "; run: loiter report " + folder.path() + "/kept/loiter-"));
    EXPECT_EQ(report_of(folder.path() + "/kept").at("counts").at("blocked"), 1);
}

INSTANTIATE_TEST_SUITE_P(
    That, BrokenCommand,
    testing::Values(std::pair{"#!/bin/sh\nkill -SEGV $$\n", "crashed"}, std::pair{"#!/bin/sh\nexit 3\n", "failed"},
                    std::pair{"#!/bin/sh\nexit 127\n", "cannot be loaded"},
                    std::pair{"#!/no/such/interpreter\n", "cannot be started: it, or its interpreter, is not there"}));

TEST(PlainEnd, WhereNoMoreProcessesMayBeSaysSo) {
    const std::vector<std::string> limited{"prlimit",        "--nproc=2", "setpriv", "--reuid=54321",
                                           "--clear-groups", ODD_ENDS,    "none"};
    if (geteuid() != 0 || support::run({limited}).status != kStatus) GTEST_SKIP() << "it cannot be made so here";

    const support::Outcome outcome = support::run(preloaded(limited, "grace=20ms"));

    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(line_count(outcome.errors), 1) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr("the command cannot be started: there may be no more processes; run: "));
}

TEST(PlainEnd, BehindALinkToTheLibraryFindsTheCommand) {
    const support::TemporaryFolder folder;
    std::filesystem::create_symlink(LOITER_LIBRARY, folder.path() + "/linked.so");
    support::Command command = preloaded({ODD_ENDS, "none"});
    command.environment[0].second = "./linked.so";
    command.directory = folder.path();
    EXPECT_THAT(support::run(command).errors, HasSubstr("1 blocked"));
}

TEST(PlainEnd, InAChangedRootSaysOneLine) {
    if (geteuid() != 0) GTEST_SKIP() << "only root changes its root";
    const support::TemporaryFolder folder;
    const support::Outcome outcome = end({"chroot", folder.path()}, "");
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(line_count(outcome.errors), 1);
    EXPECT_THAT(outcome.errors, StartsWith("loiter: no report of process "));
}

TEST(PlainEnd, InAProcessThatForbadeItselfOthersKeepsTheRecording) {
    for (const char* const how : {"filter", "filter-by-syscall"}) {
        const support::TemporaryFolder folder;
        const support::Outcome outcome = end({how}, "dir=" + folder.path());
        EXPECT_EQ(outcome.status, kStatus) << how;
        EXPECT_EQ(outcome.errors, "") << how;
        EXPECT_EQ(report_of(folder.path()).at("counts").at("blocked"), 1) << how;
    }
}

TEST(PlainEnd, InAProcessThatForbadeItselfAlmostAllIsItsOwn) {
    const support::Outcome outcome = end({"strict"}, "");
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_EQ(outcome.errors, "");
}

TEST(PlainEnd, WithALimitOnFilesIsReportedFromMemory) {
    support::Command command = preloaded({"prlimit", "--fsize=1000", "env", ODD_ENDS, "none"});
    const support::Outcome outcome = support::run(command);
    EXPECT_EQ(outcome.status, kStatus);
    EXPECT_THAT(outcome.errors, HasSubstr("T2 [cond wait"));
}

TEST(PlainEnd, OfARelayToAnotherProgramLeavesNothing) {
    support::Outcome outcome;
    EXPECT_FALSE(leaves_recording(preloaded({"env", "sh", "-c", "exec ls /"}), outcome));
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "");
}

}  // namespace
}  // namespace plain
