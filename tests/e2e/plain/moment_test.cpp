// SPDX-License-Identifier: Apache-2.0
//
// What a program does at a bad moment neither hurts it nor costs its report.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/plain/plain.h"
#include "tests/support/report.h"

namespace plain {
namespace {

class Moment : public testing::TestWithParam<const char*> {};

TEST_P(Moment, ChangesNeitherTheEndNorItsReport) {
    const support::TemporaryFolder folder;
    const support::Outcome outcome = support::run(
        preloaded({ODD_MOMENTS, GetParam()}, "grace=20ms:report=exit,signal:format=json:dir=" + folder.path()));

    EXPECT_EQ(outcome.status, 7) << outcome.errors;
    std::vector<report::Json> at_exit;
    for (size_t start = 0; start < outcome.errors.size();) {
        const size_t end = outcome.errors.find('\n', start);
        const report::Json one = report::Json::parse(outcome.errors.substr(start, end - start));
        if (one.at("process").at("reason") == "exit") at_exit.push_back(one);
        start = end + 1;
    }
    ASSERT_EQ(at_exit.size(), 1U) << outcome.errors;
    EXPECT_EQ(at_exit[0].at("process").at("end"), "exit");
    EXPECT_EQ(at_exit[0].at("process").at("status"), 7);
    EXPECT_EQ(report::findings(at_exit[0], "blocked").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Of, Moment,
                         testing::Values("small-stack", "vfork-wait", "vfork-filter", "failed-exec", "left-futex"),
                         [](const auto& when) {
                             std::string name = when.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace plain
