// SPDX-License-Identifier: Apache-2.0
//
// Debian's everyday programs under the library alone: output, errors and status as without it, and a report
// of those that leave threads behind.
#include "tests/e2e/programs/inputs.h"
#include "tests/e2e/programs/preloaded.h"

namespace programs {
namespace {

TEST(PreloadedTool, PigzIsUntouched) {
    const Input folder(letters(4 << 20));
    expect_clean(in(folder.path(), {"pigz", "-p", "4", "-c", "input"}), 0);
}

TEST(PreloadedTool, ZstdIsUntouched) {
    const Input folder(letters(4 << 20));
    expect_clean(in(folder.path(), {"zstd", "-q", "-T2", "-B512K", "-c", "input"}), 0);
}

TEST(PreloadedTool, ParallelSortIsUntouched) {
    const Input folder(lines(300'000));  // fewer than 128 Ki a thread: it starts none
    expect_clean(in(folder.path(), {"sort", "--parallel=2", "input"}), 0);
}

TEST(PreloadedTool, GitIsUntouched) {
    const Input folder("not yet added");
    ASSERT_EQ(support::run({.arguments = {"git", "init", "-q", "."}, .directory = folder.path()}).status, 0);
    expect_clean(in(folder.path(), {"git", "status"}), 0);
}

TEST(PreloadedTool, OpensslSpeedSaysNothingOfOurs) {
    const support::TemporaryFolder folder;
    const Outcome outcome =
        support::run(preloaded({{"openssl", "speed", "-seconds", "1", "-bytes", "64", "sha256"}}, folder.path()));
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.output.find("sha256"), std::string::npos);
    EXPECT_EQ(outcome.errors.find("loiter"), std::string::npos) << outcome.errors;
    for (const Json& report : reports_in(folder.path())) EXPECT_EQ(report.at("findings"), Json::array());
}

/// What is left of a program that closes standard error before it exits; without `log_path` that is its recording.
Json kept_of(const Command& command) {
    const support::TemporaryFolder folder;
    Command observed = command;
    observed.environment.emplace_back("LD_PRELOAD", LOITER_LIBRARY);
    observed.environment.emplace_back("LOITER_OPTIONS", "grace=50ms:dir=" + folder.path());
    expect_untouched(Twice{support::run(command), support::run(observed), {}}, 0);

    const Outcome told = support::run({{LOITER_COMMAND, "report", "--format", "json", folder.path()}});

    EXPECT_EQ(told.status, 0) << told.errors;
    return Json::parse(told.output);
}

TEST(PreloadedTool, XzKeepsTheRecordingOfItsTwoIdleWorkers) {
    const Input folder(letters(4 << 20));

    const Json report = kept_of(in(folder.path(), {"xz", "-T2", "-0", "--block-size=512KiB", "-c", "input"}));

    expect_facts_alone(report);
    EXPECT_EQ(report.at("counts").at("threads"), 3);
    EXPECT_EQ(report.at("counts").at("blocked"), 2);
}

TEST(PreloadedTool, SortKeepsTheRecordingOfThreadsThatAreGone) {
    const Input folder(lines(300'000));

    const Json report = kept_of(in(folder.path(), {"sort", "--parallel=2", "input"}));

    EXPECT_EQ(report.at("counts").at("threads"), 1);
    EXPECT_GE(report.at("counts").at("created_total"), 2);
    EXPECT_EQ(report.at("findings"), Json::array());
}

TEST(PreloadedTool, GdbLeavesItsNamedWorkersIdle) {
    if (!is_installed("gdb")) GTEST_SKIP() << "no gdb: apt-get install gdb";
    const support::TemporaryFolder folder;

    const Twice twice = run_twice(in(folder.path(), {"gdb", "-q", "-nx", "-batch", "-iex", "maint set worker-threads 2",
                                                     "-ex", "print 6 * 7", LOITER_COMMAND}));

    expect_untouched(twice, 0);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    const std::vector<Json> workers = named(told, "gdb worker");
    EXPECT_EQ(told.at("counts").at("blocked"), workers.size());
    ASSERT_FALSE(workers.empty());
    for (const Json& worker : workers) {
        EXPECT_EQ(worker.at("state"), "cond wait");
        EXPECT_EQ(worker.at("created_by").at("thread"), 1);
        EXPECT_FALSE(worker.at("created_by").at("stack").empty());
    }
}

}  // namespace
}  // namespace programs
