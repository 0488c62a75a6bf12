// SPDX-License-Identifier: Apache-2.0
//
// Exit statuses of run and gate.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::HasSubstr;

TEST(Status, OfACleanProgramIsItsOwn) {
    for (const std::string command : {"run", "gate"}) {
        EXPECT_EQ(run({command, "true"}).status, 0);
        EXPECT_EQ(run({command, "false"}).status, 1);
        EXPECT_EQ(run({command, "sh", "-c", "exit 7"}).status, 7);
        EXPECT_EQ(run({command, "sh", "-c", "kill -9 $$"}).status, 137);
        EXPECT_EQ(run({command, "sh", "-c", "kill -TERM $$"}).status, 143);
        EXPECT_EQ(run({command, "sh", "-c", "exec /bin/true"}).status, 0);
    }
}

TEST(Status, TellsNotFoundFromNotExecutable) {
    for (const std::string command : {"run", "gate"}) {
        const support::Outcome missing = run({command, "no-such-program"});
        EXPECT_EQ(missing.status, 127);
        EXPECT_EQ(missing.errors, "loiter: no-such-program: No such file or directory\n");
        const support::Outcome folder = run({command, "/tmp"});
        EXPECT_EQ(folder.status, 126);
        EXPECT_EQ(folder.errors, "loiter: /tmp: Permission denied\n");
    }
}

TEST(Status, FindingsFailTheGateOnly) {
    EXPECT_EQ(run({"run", BLOCKED_WORKER, "exit", "0"}).status, 0);
    EXPECT_EQ(run({"gate", BLOCKED_WORKER, "exit", "0"}).status, 86);
    EXPECT_EQ(run({"gate", "--fail-on", "deadlock,alive", BLOCKED_WORKER, "exit", "0"}).status, 0);
    EXPECT_EQ(run({"gate", "--fail-on", "lost-wakeup,lock-order,blocked", BLOCKED_WORKER, "exit", "0"}).status, 86);
}

TEST(Status, OfTheGateAgreesWithTheLastWordOfItsReport) {
    EXPECT_THAT(run({"gate", BLOCKED_WORKER, "exit", "0"}).errors, HasSubstr("\nFAILED: 1 blocked thread\n"));
    EXPECT_THAT(run({"run", BLOCKED_WORKER, "exit", "0"}).errors, HasSubstr("\nFOUND: 1 blocked thread\n"));
    EXPECT_THAT(run({"gate", "--fail-on", "deadlock", BLOCKED_WORKER, "exit", "0"}).errors,
                HasSubstr("\nFOUND: 1 blocked thread\n"));
}

TEST(Status, TheProgramsOwnFailureWinsOverFindings) {
    EXPECT_EQ(run({"gate", BLOCKED_WORKER, "exit", "3"}).status, 3);
}

TEST(Status, FindingsInAChildFailTheGate) {
    EXPECT_EQ(run({"gate", "sh", "-c", BLOCKED_WORKER " exit 0; exit 0"}).status, 86);
    EXPECT_EQ(run({"gate", "sh", "-c", BLOCKED_WORKER " exit 3; exit 0"}).status, 86);
}

TEST(Status, ProgramsThatCannotBeObservedFailTheGateOnly) {
    const support::Outcome gate = run({"gate", STATIC_PROGRAM});
    EXPECT_EQ(gate.status, 125);
    EXPECT_THAT(gate.errors, HasSubstr("was not observed: it is statically linked"));
    EXPECT_EQ(line_count(gate.errors), 1);

    const support::Outcome plain = run({"run", STATIC_PROGRAM});
    EXPECT_EQ(plain.status, 0);
    EXPECT_EQ(plain.errors, gate.errors);
}

TEST(Status, IsNotZeroWhenTheProgramTurnsIntoOneThatCannotBeObserved) {
    const support::Outcome gate = run({"gate", "env", STATIC_PROGRAM});
    EXPECT_EQ(gate.status, 125);
    EXPECT_THAT(gate.errors, HasSubstr("env was not observed: it executed a program that left no recording"));
    EXPECT_EQ(run({"run", "env", STATIC_PROGRAM}).status, 0);
    EXPECT_EQ(run({"gate", "env", "true"}).status, 0);
}

TEST(Status, TheFailureOfAnUnobservedProgramWins) {
    EXPECT_EQ(run({"gate", STATIC_PROGRAM, "1"}).status, 1);
    EXPECT_EQ(run({"run", STATIC_PROGRAM, "4"}).status, 4);
}

TEST(Status, IsTheProgramsHoweverFewDescriptorsThereAre) {
    const std::string command = std::string(LOITER_COMMAND) + " run sh -c 'echo ran; exit 0'";
    int started = 0;
    for (int most = 5; most <= 16; ++most) {
        const support::Outcome outcome =
            support::run({.arguments = {"sh", "-c", "ulimit -n " + std::to_string(most) + "; exec " + command}});

        if (outcome.output == "ran\n") {
            EXPECT_EQ(outcome.status, 0) << most << ": " << outcome.errors;
            ++started;
        } else {
            EXPECT_EQ(outcome.status, 125) << most;
            EXPECT_EQ(line_count(outcome.errors), 1) << most << ": " << outcome.errors;
        }
    }
    EXPECT_GE(started, 5);
}

TEST(Status, OfATimeoutTellsFindingsFromNone) {
    EXPECT_EQ(run({"run", "--timeout", "0.2s", "sleep", "100"}).status, 124);
    EXPECT_EQ(run({"gate", "--timeout", "0.2s", "sleep", "100"}).status, 86);
    EXPECT_EQ(run({"gate", "--timeout", "0.2s", "--fail-on", "deadlock", "sleep", "100"}).status, 124);
    EXPECT_EQ(run({"gate", "--timeout", "1m", "true"}).status, 0);
}

TEST(Status, IgnoresWhatAProgramSaysToOurTerm) {
    EXPECT_EQ(run({"run", "--timeout", "200ms", BLOCKED_WORKER, "obey", "5"}).status, 124);
}

TEST(Status, AProgramThatIgnoresTermIsKilledAfterATimeout) {
    EXPECT_EQ(run({"run", "--timeout", "200ms", "sh", "-c", "trap '' TERM; while :; do sleep 0.01; done"}).status, 124);
}

TEST(Status, OfAProgramThatHasEndedIsNoTimeoutInItsGraceTime) {
    for (const std::string command : {"run", "gate"}) {
        support::Outcome outcome;
        for (const std::string timeout : {"2s", "10s", "1m"}) {
            outcome =
                run({command, "--format", "json", "--timeout", timeout, "--grace", "10m", BLOCKED_WORKER, "exit", "3"});
            const bool had_not_ended = ends(objects(outcome.errors)) == Words{"timeout alive null"};
            if (!had_not_ended) break;
        }
        EXPECT_EQ(outcome.status, 3);
        EXPECT_EQ(ends(objects(outcome.errors)), Words{"exit return 3"});
    }
}

TEST(Status, ATimeoutReportsOnce) {
    const support::Outcome outcome = run({"gate", "--format", "json", "--timeout", "500ms", BLOCKED_WORKER, "hang"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(ends(objects(outcome.errors)), Words{"timeout alive null"});
}

}  // namespace
}  // namespace cli
