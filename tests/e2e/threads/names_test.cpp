// SPDX-License-Identifier: Apache-2.0
//
// Names that a program has given its threads outlive it.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

/// A thread notes the name that it has when it begins, while its creator gives it another.
TEST(ANameGivenAtTheBeginning, IsThereAfterAKill) {
    const support::TemporaryFolder folder;
    support::Running target(cli::observed_plainly({NAMED_THREADS}, folder));
    ASSERT_TRUE(target.await_output("named\n"));
    target.signal(SIGKILL);
    target.finish();

    const support::Outcome outcome = cli::run({"report", "--format", "json", folder.path()});

    const report::Json report = report::Json::parse(outcome.output);
    EXPECT_EQ(report::thread(report, 2).at("name"), "given");
}

}  // namespace
