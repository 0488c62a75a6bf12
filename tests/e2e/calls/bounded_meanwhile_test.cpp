// SPDX-License-Identifier: Apache-2.0
//
// A limit that a socket is given is its own, whatever an earlier socket of its number had.
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

TEST(ALimitOfASocket, IsNotForgottenForAnEarlierSocketsSake) {
    const support::TemporaryFolder folder;
    support::Running target(cli::observed_plainly({BOUNDED_MEANWHILE}, folder));
    ASSERT_TRUE(target.await_output("bounded\n"));

    const support::Outcome dumped = cli::run({"dump", "--format", "json", std::to_string(target.pid())});

    const report::Json report = report::Json::parse(dumped.output);
    for (const int id : {2, 3}) {
        const report::Json& receiver = report::thread(report, id);
        EXPECT_EQ(receiver.at("state"), "io recv");
        EXPECT_EQ(receiver.at("timed"), true) << receiver.dump(1);
        EXPECT_GT(receiver.at("left_seconds").get<double>(), 0);
    }
}

}  // namespace
