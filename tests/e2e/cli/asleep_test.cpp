// SPDX-License-Identifier: Apache-2.0
//
// A program in which no thread can run again: in dumps, after its death, and at a timeout.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A program under the library alone.
class Observed {
public:
    explicit Observed(const std::string& action) : target_(command(action, folder_)) {}

    /// The dump that calls it asleep; it says "ready" a little before it is. Empty: none did in time.
    json await_asleep() {
        if (!target_.await_output("ready")) return {};
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (std::chrono::steady_clock::now() < end) {
            const support::Outcome dump = run({"dump", "--format", "json", std::to_string(target_.pid())});
            if (dump.status != 0) return {};
            json report = objects(dump.output).at(0);
            if (!report["findings"].empty()) return report;
        }
        return {};
    }

    support::Running& target() { return target_; }
    const std::string& folder() const { return folder_.path(); }

private:
    static support::Command command(const std::string& action, const support::TemporaryFolder& folder) {
        support::Command made;
        made.arguments = {BLOCKED_WORKER, action};
        made.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}};
        return made;
    }

    support::TemporaryFolder folder_;
    support::Running target_;
};

TEST(AllAsleep, IsProvedOfALiveProcess) {
    Observed observed("asleep");

    const json report = observed.await_asleep();

    ASSERT_THAT(report::verdicts(report), ElementsAre("asleep proved"));
    const json& finding = report["findings"][0];
    EXPECT_EQ(report::threads_of(finding), (std::set<int>{1, 2}));
    EXPECT_THAT(finding["message"].get<std::string>(),
                HasSubstr("no thread can run again: T1 and T2 in cond wait at (anonymous namespace)::work()"));
    EXPECT_THAT(run({"dump", std::to_string(observed.target().pid())}).output,
                HasSubstr("\nALL ASLEEP: no thread can run again: "));
}

TEST(AllAsleep, IsOnlyLikelyWithASignalHandler) {
    Observed observed("asleep-handler");

    const json report = observed.await_asleep();

    ASSERT_THAT(report::verdicts(report), ElementsAre("asleep likely"));
    EXPECT_THAT(report["findings"][0]["message"].get<std::string>(),
                HasSubstr("; not proved: a signal handler was installed"));
}

TEST(AllAsleep, IsProvedAfterAKill) {
    Observed observed("asleep");
    const json before = observed.await_asleep();
    ASSERT_FALSE(before.is_null());
    observed.target().signal(SIGKILL);
    ASSERT_EQ(observed.target().finish().status, 137);

    const support::Outcome outcome = run({"report", "--format", "json", observed.folder()});

    ASSERT_EQ(objects(outcome.output).size(), 1U);
    const json report = objects(outcome.output)[0];
    EXPECT_EQ(report["process"]["reason"], "post-mortem");
    ASSERT_THAT(report::verdicts(report), ElementsAre("asleep proved"));
    EXPECT_EQ(report::threads_of(report["findings"][0]), (std::set<int>{1, 2}));
    EXPECT_EQ(report["findings"][0]["fingerprint"], before["findings"][0]["fingerprint"]);
}

TEST(AllAsleep, FailsTheGateAtATimeout) {
    // On a machine too busy for the program to get there, it is given more time.
    const auto gate = [](const std::string& verdicts, const std::string& action) {
        support::Outcome outcome;
        for (const char* const timeout : {"700ms", "5s", "20s"}) {
            outcome = run({"gate", "--timeout", timeout, "--fail-on", verdicts, BLOCKED_WORKER, action});
            if (outcome.output == "ready\n") break;
        }
        return outcome.status;
    };
    EXPECT_EQ(gate("asleep", "asleep"), 86);
    EXPECT_EQ(gate("blocked", "asleep"), 86);
    EXPECT_EQ(gate("deadlock", "asleep"), 124);
    EXPECT_EQ(gate("asleep", "asleep-handler"), 124) << "a likely finding fails through its facts only";
    EXPECT_EQ(gate("blocked", "asleep-handler"), 86);
    EXPECT_EQ(gate("asleep", "hang"), 124) << "main waits for a signal";
}

}  // namespace
}  // namespace cli
