// SPDX-License-Identifier: Apache-2.0
//
// What a recording has reserved and does not use is given back to a program that limits or locks its memory.
#include <unistd.h>

#include <algorithm>

#include "tests/pitfalls/unharmed.h"
#include "tests/support/report.h"

namespace pitfalls {
namespace {

class LimitOfItsOwn : public testing::TestWithParam<const char*> {};

TEST_P(LimitOfItsOwn, LeavesTheProgramAllOfItsMemory) {
    expect_unharmed({MEMORY_LIMITS, GetParam()}, 0);
    expect_unharmed({MEMORY_LIMITS, GetParam(), "leave"}, kLeft);
}

/// The recording goes on with what it has.
TEST_P(LimitOfItsOwn, LosesNoFewThreads) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "run", {"--children", "no"}, {{MEMORY_LIMITS, GetParam(), "leave"}});

    ASSERT_EQ(observed.reports.size(), 1U) << observed.outcome.errors;
    const auto& threads = observed.reports[0].at("threads");
    EXPECT_EQ(std::count_if(threads.begin(), threads.end(),
                            [](const report::Json& thread) { return thread.at("state") == "mutex lock"; }),
              3)
        << threads;
}

INSTANTIATE_TEST_SUITE_P(By, LimitOfItsOwn, testing::Values("setrlimit", "prlimit", "child"),
                         [](const auto& which) { return std::string(which.param); });

TEST(LimitWhileThreadsCome, GivesBackWhatNobodyTouchesAnyMore) {
    for (int i = 0; i < 4; ++i) expect_unharmed({MEMORY_LIMITS, "meanwhile"}, 0);
}

/// Of a user who may lock little, and no more.
TEST(LateLockOfAllMemory, IsGrantedAsWithoutUs) {
    const std::string limited =
        "ulimit -S -l 8192; exec setpriv --reuid=65534 --clear-groups --inh-caps=-all --bounding-set=-all \"$0\" "
        "\"$@\"";
    const Words words{"/bin/sh", "-c", limited, MEMORY_LIMITS, "mlockall"};
    if (geteuid() != 0 || support::run({words}).status != 0) GTEST_SKIP() << "it cannot be made so here";
    expect_unharmed(words, 0);
}

}  // namespace
}  // namespace pitfalls
