// SPDX-License-Identifier: Apache-2.0
//
// What does not fit a recording is counted and reported, and a live look never proves what was not.
#include <gtest/gtest.h>
#include <signal.h>

#include "analyze/finding.h"
#include "read/read.h"
#include "tests/support/report.h"
#include "tests/targets/recorded_program.h"

namespace {

using report::Json;

/// Runs overflow.cpp under `gate` with a limit on file sizes that leaves room for the smallest
/// recording only: 32 threads, 256 KiB of stacks.
support::Observed run_small(const std::string& what, int count) {
    const std::string script = "ulimit -f 1400; exec \"$0\" " + what + " " + std::to_string(count);
    return support::observe(LOITER_COMMAND, "gate", {}, {{"/bin/sh", "-c", script, OVERFLOW_PROGRAM}});
}

Json losses_of(const support::Observed& observed) {
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    return observed.reports.empty() ? Json() : observed.reports.back()["losses"];
}

TEST(Overflow, OfThreadsIsCountedExactly) {
    const Json losses = losses_of(run_small("threads", 40));
    EXPECT_EQ(losses, (Json{{"threads", 9}, {"holds", 0}, {"stacks", 0}}));  // main takes a slot too
}

/// Each is lost when it is created, and asks for a place of its own once more when it calls a wrapper.
TEST(Overflow, OfThreadsThatCallWrappersIsCountedOnce) {
    const Json losses = losses_of(run_small("locking_threads", 40));
    EXPECT_EQ(losses, (Json{{"threads", 9}, {"holds", 0}, {"stacks", 0}}));
}

TEST(Overflow, OfHoldsIsCountedExactly) {
    const Json losses = losses_of(run_small("holds", 100));
    EXPECT_EQ(losses, (Json{{"threads", 0}, {"holds", 4}, {"stacks", 0}}));
}

TEST(Overflow, OfStacksIsCounted) {
    const Json losses = losses_of(run_small("stacks", 5000));
    EXPECT_EQ(losses["threads"], 0);
    EXPECT_EQ(losses["holds"], 0);
    EXPECT_GT(losses["stacks"], 100);
    EXPECT_LT(losses["stacks"], 5000);
}

TEST(Overflow, IsSaidInTheTextReport) {
    const std::string script = "ulimit -f 1400; exec \"$0\" threads 40";
    const support::Outcome outcome =
        support::run({{LOITER_COMMAND, "gate", "--all", "/bin/sh", "-c", script, OVERFLOW_PROGRAM}});
    EXPECT_NE(outcome.errors.find("9 threads"), std::string::npos) << outcome.errors;
}

/// The owner looks for free entries while another thread frees one.
TEST(ForeignUnlock, LeavesNoHoldBehindWhileTheOwnerLocksOthers) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {}, {{HANDED_OVER_LOCKS}});

    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(observed.reports[0]["losses"]["holds"], 0);
    EXPECT_EQ(report::thread(observed.reports[0], 1)["holds"].size(), 0U);
}

TEST(ForeignUnlock, IsHarmlessAndMakesLaterProofsOnTheLockLikely) {
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "gate", {"--timeout", "3s", "--fail-on", "self-deadlock"}, {{FOREIGN_UNLOCK}});

    EXPECT_EQ(observed.outcome.output, "stuck\n");
    EXPECT_EQ(observed.outcome.status, 124) << "a likely finding fails no gate";
    ASSERT_EQ(observed.reports.size(), 1U);
    const Json& findings = observed.reports[0]["findings"];
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0]["verdict"], "self-deadlock");
    EXPECT_EQ(findings[0]["certainty"], "likely");
}

TEST(NearCycles, GiveNoVerdictHoweverOftenTheyAreLookedAt) {
    support::RecordedProgram recorded({NEAR_CYCLES});
    ASSERT_TRUE(recorded.program().await_output("ready"));
    const auto recording = reader::Recording::open(recorded.first_recording());

    int waits_seen = 0;
    for (int look = 0; look < 3000; ++look) {
        const snapshot::Snapshot snapshot = recording.take_snapshot(snapshot::Reason::kDump, {.watch_running = false});
        ASSERT_EQ(snapshot.threads.size(), 5U);
        for (const snapshot::Thread& thread : snapshot.threads) waits_seen += thread.wait.has_value() ? 1 : 0;
        const analyze::Analysis analysis = analyze::analyze(snapshot);
        ASSERT_TRUE(analysis.findings.empty()) << "look " << look << ": " << analysis.findings[0].message;
    }
    EXPECT_GT(waits_seen, 3000) << "main's join at least must be seen in every look";
}

/// What a killed process leaves is of one moment, in which any record may be half written.
TEST(NearCycles, GiveNoVerdictWhereverTheirProcessIsKilled) {
    for (int moment = 0; moment < 60; ++moment) {
        support::RecordedProgram recorded({NEAR_CYCLES});
        ASSERT_TRUE(recorded.program().await_output("ready"));
        const auto recording = reader::Recording::open(recorded.first_recording());
        for (int look = 0; look < moment; ++look) recording.phase();  // another moment each time
        recorded.program().signal(SIGKILL);
        recorded.program().finish();

        const snapshot::Snapshot snapshot = recording.take_snapshot(snapshot::Reason::kPostMortem);

        EXPECT_EQ(snapshot.threads.size(), 5U);
        for (const analyze::Finding& finding : analyze::analyze(snapshot).findings)
            EXPECT_EQ(finding.certainty, analyze::Certainty::kFact) << finding.message;
    }
}

}  // namespace
