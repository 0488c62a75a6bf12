// SPDX-License-Identifier: Apache-2.0
//
// A thread that waits in one of its destructors is in that wait, and has not ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;

const Json& destructing(const Json& report, const std::string& name) {
    for (const Json& thread : report.at("threads")) {
        if (thread.at("name") == name) return thread;
    }
    throw std::runtime_error("no thread \"" + name + "\" in the report");
}

TEST(PastTheirStartRoutine, ThreadsHaveTheirWaitsNamed) {
    const support::TemporaryFolder folder;
    support::Running target(cli::observed_plainly({WAITS_PAST_END}, folder));
    ASSERT_TRUE(target.await_output("waiting\n"));

    const support::Outcome dumped = cli::run({"dump", "--format", "json", std::to_string(target.pid())});

    const Json report = Json::parse(dumped.output);
    EXPECT_EQ(report.at("threads").size(), 10U);
    for (const char* const name : {"local", "key", "left", "detached", "last", "last detached"}) {
        const Json& thread = destructing(report, name);
        EXPECT_EQ(thread.at("state"), "semaphore") << thread.dump(1);
        EXPECT_EQ(thread.at("waits_for").at("name"), "g_semaphore");
    }
    for (const char* const name : {"local mutex", "key mutex", "last mutex"}) {
        const Json& thread = destructing(report, name);
        EXPECT_EQ(thread.at("state"), "mutex lock") << thread.dump(1);
        EXPECT_EQ(thread.at("waits_for").at("name"), "g_mutex");
        ASSERT_EQ(thread.at("waits_for").at("owners").size(), 1U);
        EXPECT_EQ(thread.at("waits_for").at("owners").at(0).at("thread"), 1);
    }
}

/// Nobody can be asked any more: what the recording has is what the thread noted after its start routine.
TEST(PastTheirStartRoutine, ThreadsNoteTheirWaitsUntilTheLastRound) {
    const support::TemporaryFolder folder;
    support::Running target(cli::observed_plainly({WAITS_PAST_END}, folder));
    ASSERT_TRUE(target.await_output("waiting\n"));
    target.signal(SIGKILL);
    target.finish();

    const support::Outcome read = cli::run({"report", "--format", "json", folder.path()});

    const Json report = Json::parse(read.output);
    for (const char* const name : {"local", "key", "left", "detached"}) {
        EXPECT_EQ(destructing(report, name).at("state"), "semaphore") << name;
    }
    for (const char* const name : {"local mutex", "key mutex"}) {
        EXPECT_EQ(destructing(report, name).at("state"), "mutex lock") << name;
    }
}

}  // namespace
