// SPDX-License-Identifier: Apache-2.0
//
// A program, or a library of it, that was built anew while it runs: the file at its path is another one.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
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

/// Only some may open what a process has mapped.
bool can_open_mapped_files() {
    for (const auto& mapped : std::filesystem::directory_iterator("/proc/self/map_files")) {
        if (std::ifstream(mapped.path()).is_open()) return true;
    }
    return false;
}

TEST_P(ReplacedProgram, HasLibrariesNamedByTheFileThatIsLoadedThoughByALinkToIt) {
    if (!can_open_mapped_files()) GTEST_SKIP() << "no right to open mapped files";
    const support::TemporaryFolder folder;
    const std::string library = folder.path() + "/library.so.1.2";
    const std::string link = folder.path() + "/library.so.1";
    std::filesystem::copy_file(WAITING_CONSTRUCTOR, library);
    std::filesystem::create_symlink("library.so.1.2", link);
    std::filesystem::copy_file(LOADER_LOCK, library + ".new");
    support::Command command{.arguments = {LOADER_LOCK, link, "opening"}};
    if (GetParam()) {
        command.environment = {
            {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    }
    support::Running target(command);
    ASSERT_TRUE(target.await_output("sitting"));
    std::filesystem::rename(library + ".new", library);

    const report::Json report = unobserved::dump(target.pid());

    EXPECT_EQ(report.at("process").at("observed"), GetParam());
    EXPECT_TRUE(report::passes(unobserved::thread_named(report, "has").at("stack"),
                               report::site_of(WAITING_CONSTRUCTOR_SOURCE, "construct")));
}

}  // namespace
