// SPDX-License-Identifier: Apache-2.0
//
// A descriptor that was closed during a call on it, and whose number means another file now, is not told as
// what the call waits on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;
using testing::HasSubstr;
using testing::Not;

/// Of any thread: main may not have gone to sleep yet. Not there for a kernel without it, or without the right.
bool has_wait_channels(pid_t target) {
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(target) + "/task")) {
        std::string function;
        std::ifstream(task.path() / "wchan") >> function;
        if (!function.empty() && function != "0") return true;
    }
    return false;
}

std::string detail_of(const Json& report, const std::string& name) {
    for (const Json& thread : report.at("threads")) {
        if (thread.at("name") != name) continue;
        EXPECT_THAT(report::text_of(thread.at("state")), testing::MatchesRegex("io (read|poll|select)"));
        return report::text_of(thread.at("waits_for").at("detail"));
    }
    throw std::runtime_error("no thread \"" + name + "\" in the report");
}

TEST(ADescriptor, ThatWasClosedDuringTheCallIsToldToBe) {
    for (const bool observed : {false, true}) {
        SCOPED_TRACE(observed);
        const support::TemporaryFolder folder;
        support::Running target(observed ? cli::observed_plainly({CLOSED_MEANWHILE}, folder)
                                         : support::Command{.arguments = {CLOSED_MEANWHILE}});
        ASSERT_TRUE(target.await_output("closed\n"));
        if (!has_wait_channels(target.pid())) GTEST_SKIP() << "the kernel does not tell where threads sleep";

        const Json report = Json::parse(cli::run({"dump", "--format", "json", std::to_string(target.pid())}).output);

        for (const char* const name : {"to file", "to socket", "socket to file", "to nothing", "poll", "select"}) {
            EXPECT_THAT(detail_of(report, name), HasSubstr(", closed since the call began")) << name;
        }
        EXPECT_THAT(detail_of(report, "to file"), HasSubstr("another file's now, " + std::string(CLOSED_MEANWHILE)));
        EXPECT_THAT(detail_of(report, "select"), testing::MatchesRegex("fd 104 pipe:.*; fd 107, closed since .*"));
        // Of another pipe the kernel says the same: only that nobody could wait on it tells.
        EXPECT_THAT(detail_of(report, "to pipe"), HasSubstr("fd 105 pipe:["));
        EXPECT_THAT(detail_of(report, "to pipe"),
                    testing::AnyOf(HasSubstr("or the call began on another file"), HasSubstr("other end not found")));
        EXPECT_THAT(detail_of(report, "kept"), HasSubstr("fd 104 pipe:["));
        EXPECT_THAT(detail_of(report, "kept"), Not(HasSubstr("closed")));
    }
}

}  // namespace
