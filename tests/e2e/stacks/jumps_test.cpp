// SPDX-License-Identifier: Apache-2.0
//
// A jump out of a signal handler, in the middle of whatever the library notes just then, costs no later proof.
#include <gtest/gtest.h>

#include "tests/e2e/stacks/dumped.h"
#include "tests/support/eventually.h"

namespace {

using dumped::Json;

TEST(JumpOutOfAHandler, LeavesTheThreadsProofs) {
    const support::TemporaryFolder folder;
    const support::Running target(dumped::observed({JUMPS}, folder));

    Json report;
    EXPECT_TRUE(support::eventually([&] {
        report = dumped::dump_json(target.pid());
        return report::findings(report, "self-deadlock").size() == 1;
    })) << report.dump(1);
    if (testing::Test::HasFailure()) return;
    EXPECT_EQ(report::findings(report, "self-deadlock")[0].at("certainty"), "proved");
    EXPECT_EQ(report.at("losses").at("holds"), 0);
    const Json& thread = report.at("threads")[0];
    EXPECT_EQ(thread.at("torn"), false);
}

}  // namespace
