// SPDX-License-Identifier: Apache-2.0
//
// The loader's locks have owners, with the library and without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/e2e/unobserved/unobserved.h"

namespace {

using report::Json;
using testing::ElementsAre;

/// Whether the library is there, and what it is had for.
class LoaderLock : public testing::TestWithParam<std::tuple<bool, const char*>> {};

INSTANTIATE_TEST_SUITE_P(Of, LoaderLock, testing::Combine(testing::Bool(), testing::Values("opening", "listing")),
                         [](const auto& tested) {
                             return std::string(std::get<1>(tested.param)) +
                                    (std::get<0>(tested.param) ? "_observed" : "_unobserved");
                         });

TEST_P(LoaderLock, OfAThreadThatWaitsForTheOneThatWantsItIsAProvedDeadlock) {
    const auto [is_observed, way] = GetParam();
    const support::TemporaryFolder folder;
    support::Command command{.arguments = {LOADER_LOCK, WAITING_CONSTRUCTOR, way}};
    if (is_observed) {
        command.environment = {
            {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    }
    support::Running target(command);
    ASSERT_TRUE(target.await_output("sitting"));

    const Json report = unobserved::dump(target.pid());

    EXPECT_EQ(report.at("process").at("observed"), is_observed);
    const Json& wants = unobserved::thread_named(report, "wants");
    const Json& has = unobserved::thread_named(report, "has");
    SCOPED_TRACE(report.dump(1));
    EXPECT_EQ(wants.at("state"), "mutex lock");
    EXPECT_TRUE(report::starts_at(wants.at("stack"), report::site_of(LOADER_LOCK_SOURCE, "wants")));
    const Json& wanted = wants.at("waits_for");
    ASSERT_EQ(wanted.at("owners").size(), 1U);
    EXPECT_EQ(wanted.at("owners").at(0).at("thread"), has.at("id"));
    ASSERT_EQ(has.at("holds").size(), 1U);
    EXPECT_EQ(has.at("holds").at(0).at("address"), wanted.at("address"));
    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    EXPECT_EQ(report::threads_of(report.at("findings").at(0)),
              (std::set<int>{wants.at("id").get<int>(), has.at("id").get<int>()}));
}

}  // namespace
