// SPDX-License-Identifier: Apache-2.0
//
// A thread whose child has not executed its program yet waits for it, with the library and without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/e2e/unobserved/unobserved.h"

namespace {

using report::Json;
using testing::HasSubstr;

/// Whether the library is there, and how the child is made.
class NewChild : public testing::TestWithParam<std::tuple<bool, const char*>> {};

INSTANTIATE_TEST_SUITE_P(Of, NewChild,
                         testing::Combine(testing::Bool(), testing::Values("spawn", "vfork", "read", "clone")),
                         [](const auto& tested) {
                             return std::string(std::get<1>(tested.param)) +
                                    (std::get<0>(tested.param) ? "_observed" : "_unobserved");
                         });

TEST_P(NewChild, IsWaitedForByTheThreadThatMadeIt) {
    const auto [is_observed, way] = GetParam();
    const support::TemporaryFolder folder;
    support::Command command{.arguments = {NEW_CHILDREN, way, folder.path() + "/fifo"}};
    if (is_observed) {
        command.environment = {
            {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    }
    support::Running target(command);
    ASSERT_TRUE(target.await_output("\n"));
    const std::string child = target.output().substr(sizeof("sitting"), target.output().find('\n') - sizeof("sitting"));

    const Json report = unobserved::dump(target.pid());

    EXPECT_EQ(report.at("process").at("observed"), is_observed);
    const Json& thread = unobserved::thread_named(report, "makes");
    SCOPED_TRACE(thread.dump(1));
    EXPECT_EQ(thread.at("state"), "child wait");
    EXPECT_EQ(thread.at("timed"), false);
    EXPECT_EQ(thread.at("waits_for").at("kind"), "child");
    const auto detail = thread.at("waits_for").at("detail").get<std::string>();
    EXPECT_THAT(detail, testing::StartsWith("child " + child + " (" NEW_CHILDREN " "));
    EXPECT_THAT(detail, HasSubstr(std::string(way) == "read" ? "), sleeping in read," : "), sleeping in openat,"));
    const report::Site site = report::site_of(NEW_CHILDREN_SOURCE, way);
    EXPECT_TRUE(report::starts_at(thread.at("stack"), site));
    const bool is_whole = std::ranges::any_of(thread.at("stack"), [](const Json& frame) {
        return frame.at("function").is_string() &&
               report::names_function(frame.at("function").get<std::string>(), "make_child");
    });
    EXPECT_TRUE(is_whole);
}

}  // namespace
