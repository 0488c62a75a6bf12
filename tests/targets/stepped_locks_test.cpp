// SPDX-License-Identifier: Apache-2.0
//
// Handlers that lock while a wrapper is half-way, wherever it is, and what is left noted of it all.
#include <gtest/gtest.h>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

class SteppedLocks : public testing::TestWithParam<std::vector<std::string>> {
protected:
    static support::Observed end_of(std::vector<std::string> options) {
        options.insert(options.begin(), STEPPED_LOCKS);
        return support::observe(LOITER_COMMAND, "gate", {"--grace", "20ms"}, {.arguments = options});
    }
};

TEST_P(SteppedLocks, AreAllReleased) {
    const support::Observed observed = end_of(GetParam());
    EXPECT_EQ(observed.outcome.status, 0);
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(observed.reports[0].at("findings").size(), 0U) << observed.reports[0].at("findings").dump(2);
}

TEST_P(SteppedLocks, ButTheOneThatIsKept) {
    std::vector<std::string> options = GetParam();
    options.push_back("keep");
    const support::Observed observed = end_of(options);
    EXPECT_EQ(observed.outcome.status, 86);
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(report::verdicts(observed.reports[0]), std::vector<std::string>{"orphaned-lock fact"});
    const report::Json& holds = report::thread(observed.reports[0], 2).at("holds");
    ASSERT_EQ(holds.size(), 1U);
    const std::vector<report::Json> frames = report::program_frames(holds.at(0).at("acquired_at"));
    ASSERT_FALSE(frames.empty());
    EXPECT_TRUE(report::names_function(report::text_of(frames.front().at("function")), "keep_one"));
}

INSTANTIATE_TEST_SUITE_P(Handlers, SteppedLocks,
                         testing::Values(std::vector<std::string>{}, std::vector<std::string>{"on-signal-stack"}),
                         [](const auto& made) { return made.param.empty() ? "OnTheSameStack" : "OnASignalStack"; });

}  // namespace
