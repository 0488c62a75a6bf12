// SPDX-License-Identifier: Apache-2.0
//
// Which std::thread was destroyed that could still be joined, and who had created it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;

constexpr int kAborted = 134;

class ADestroyedThread : public testing::TestWithParam<const char*> {
protected:
    Json report_of(const std::string& name) const {
        const support::TemporaryFolder folder;
        const std::string file = folder.path() + "/report";
        const support::Outcome outcome =
            cli::run({"run", "--format", "json", "--grace", "0", "-o", file, "--", GetParam(), name});
        EXPECT_EQ(outcome.status, kAborted) << outcome.output;
        return Json::parse(cli::content(file));
    }

    /// Null: there is none; otherwise the only one.
    Json misuse(const std::string& name) const {
        const Json report = report_of(name);
        Json found;
        for (const Json& misuse : report.at("misuse")) {
            if (misuse.at("kind") == "unjoined-destroyed") found = misuse;
        }
        return found;
    }

    bool is_optimized() const { return GetParam() == std::string(DESTROYED_THREADS_O2); }
};

INSTANTIATE_TEST_SUITE_P(All, ADestroyedThread, testing::Values(DESTROYED_THREADS, DESTROYED_THREADS_O2),
                         [](const auto& tested) { return tested.index == 0 ? "O0" : "O2"; });

TEST_P(ADestroyedThread, IsNamedWithItsCreator) {
    const Json report = report_of("one");

    ASSERT_EQ(report.at("misuse").size(), 1U);
    const Json& misuse = report.at("misuse").at(0);
    EXPECT_EQ(misuse.at("message"), "T1 destroyed the std::thread of T2, neither joined nor detached");
    EXPECT_EQ(misuse.at("other_thread"), 2);
    EXPECT_TRUE(report::passes(misuse.at("stack"), report::site_of(DESTROYED_THREADS_SOURCE, "destroyed")));
    const Json& created = report::thread(report, 2).at("created_by");
    EXPECT_TRUE(report::passes(created.at("stack"), report::site_of(DESTROYED_THREADS_SOURCE, "created")));
}

TEST_P(ADestroyedThread, IsToldFromOthersThatCouldBeJoined) {
    const std::map<std::string, int> expected = {{"last", 3}, {"third", 4}, {"heap", 3}, {"assigned", 2}};
    for (const auto& [name, thread] : expected) {
        SCOPED_TRACE(name);
        const Json found = misuse(name);
        ASSERT_FALSE(found.is_null());
        // Of two in one frame, optimized code does not say which it looked at; an assignment looks at both.
        if ((is_optimized() || name == "assigned") && found.at("other_thread").is_null()) {
            EXPECT_THAT(found.at("candidates"), testing::Contains(thread));
        } else {
            EXPECT_EQ(found.at("other_thread"), thread);
        }
    }
}

TEST_P(ADestroyedThread, IsNotSeenWhereTheProgramTerminatesItself) {
    EXPECT_TRUE(misuse("own").is_null());
}

}  // namespace
