// SPDX-License-Identifier: Apache-2.0
//
// Programs that check themselves do at bad moments what preloaded libraries have broken before; README.md
// beside this file tells which case stands for which pitfall.
#include "tests/pitfalls/unharmed.h"
#include "tests/support/report.h"

namespace pitfalls {
namespace {

constexpr int kStatus = 7;
constexpr int kAborted = 128 + 6;

std::string name_of(const std::string& word) {
    std::string name = word;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

class Processes : public testing::TestWithParam<const char*> {};

TEST_P(Processes, AreMadeAndEndAsEver) {
    expect_unharmed({PROCESSES, GetParam()}, kStatus);
}

INSTANTIATE_TEST_SUITE_P(Of, Processes,
                         testing::Values("forks", "nested-forks", "spawns", "at-fork", "fork-in-handler", "execs",
                                         "daemon", "no-children", "all-blocked", "user-namespace", "descriptors",
                                         "no-counter", "own-arguments"),
                         [](const auto& which) { return name_of(which.param); });

class SmallStack : public testing::TestWithParam<const char*> {};

TEST_P(SmallStack, IsEnoughForWhatComesFirst) {
    expect_unharmed({SMALL_STACKS, GetParam()}, kStatus);
}

INSTANTIATE_TEST_SUITE_P(Of, SmallStack,
                         testing::Values("fiber-lock", "fiber-wait", "fiber-read", "fiber-create", "forked-wait",
                                         "forked-create", "handler-wait", "handler-create", "executes"),
                         [](const auto& which) { return name_of(which.param); });

class Unwinding : public testing::TestWithParam<const char*> {};

TEST_P(Unwinding, RunsTheProgramsOwnHandlers) {
    expect_unharmed({UNWINDING, GetParam()}, kStatus);
}

INSTANTIATE_TEST_SUITE_P(Of, Unwinding, testing::Values("cancelled", "exited", "thrown"),
                         [](const auto& which) { return name_of(which.param); });

TEST(Unwinding, ToTerminateSaysWhatItSays) {
    expect_unharmed({UNWINDING, "terminated"}, kAborted);
}

class SignalStorm : public testing::TestWithParam<const char*> {};

/// The threads are at rest outside of all wrappers then.
TEST_P(SignalStorm, LeavesNothingBehindInTheRecord) {
    const support::TemporaryFolder folder;

    const support::Outcome outcome =
        support::run(preloaded({SIGNAL_STORM, GetParam()}, folder.path(), LOITER_LIBRARY, ":format=json:all"));

    EXPECT_EQ(outcome.status, kStatus) << outcome.errors;
    const auto file = std::filesystem::directory_iterator(folder.path());
    ASSERT_NE(file, std::filesystem::directory_iterator());
    const report::Json report = report::Json::parse(report::read_text(file->path()));
    EXPECT_EQ(report["counts"]["threads"], 4);
    EXPECT_EQ(report["losses"], (report::Json{{"threads", 0}, {"holds", 0}, {"stacks", 0}}));
    for (const report::Json& thread : report["threads"]) {
        EXPECT_EQ(thread["holds"], report::Json::array()) << thread;
        EXPECT_TRUE(thread["state"] == "running" || thread["state"] == "sleep") << thread;
    }
}

INSTANTIATE_TEST_SUITE_P(In, SignalStorm,
                         testing::Values("mutex", "recursive", "rwlock", "condition", "semaphore", "futex", "read",
                                         "sleep", "create", "jump"),
                         [](const auto& which) { return std::string(which.param); });

TEST(Loading, PastTheWrappersLocksTheSameLocks) {
    expect_unharmed({LOADING, "deepbind", PITFALL_PLUGIN}, kStatus);
}

TEST(Loading, WithALibcOfItsOwnWorks) {
    expect_unharmed({LOADING, "namespace", PITFALL_PLUGIN}, kStatus);
}

}  // namespace
}  // namespace pitfalls
