// SPDX-License-Identifier: Apache-2.0
//
// A program that was built anew while it runs: the file at its path is another one.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/e2e/unobserved/unobserved.h"

namespace {

/// Whether the library is there.
class ReplacedProgram : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(With, ReplacedProgram, testing::Bool(), [](const testing::TestParamInfo<bool>& library) {
    return library.param ? "TheLibrary" : "NothingLoaded";
});

TEST_P(ReplacedProgram, IsNamedByTheFileThatRuns) {
    const support::TemporaryFolder folder;
    const std::string program = folder.path() + "/program";
    std::filesystem::copy_file(STREAM_LOCKS, program);
    std::filesystem::copy_file(LOADER_LOCK, program + ".new");
    support::Command command{.arguments = {program, "flushing"}};
    if (GetParam()) {
        command.environment = {
            {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    }
    support::Running target(command);
    ASSERT_TRUE(target.await_output("sitting"));
    std::filesystem::rename(program + ".new", program);

    const report::Json report = unobserved::dump(target.pid());

    EXPECT_EQ(report.at("process").at("observed"), GetParam());
    for (const char* const name : {"opens", "flushes"}) {
        EXPECT_TRUE(report::starts_at(unobserved::thread_named(report, name).at("stack"),
                                      report::site_of(STREAM_LOCKS_SOURCE, name)));
    }
}

}  // namespace
