// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "run_command.h"

namespace command {
namespace {

using launch::Outcome;

launch::Result result(Outcome outcome, int status, bool observed = true) {
    launch::Result made;
    made.outcome = outcome;
    made.status = status;
    made.observed = observed;
    return made;
}

constexpr Judgement kClean{false, true};
constexpr Judgement kFindings{true, true};
constexpr Judgement kIncomplete{false, false};

TEST(ExitStatus, TheProgramsOwnFailureAlwaysWins) {
    for (const Command command : {Command::kRun, Command::kGate}) {
        EXPECT_EQ(exit_status(command, result(Outcome::kExited, 7), kFindings), 7);
        EXPECT_EQ(exit_status(command, result(Outcome::kExited, 1, false), kClean), 1);
        EXPECT_EQ(exit_status(command, result(Outcome::kSignalled, 9), kFindings), 137);
        EXPECT_EQ(exit_status(command, result(Outcome::kSignalled, 15, false), kClean), 143);
        EXPECT_EQ(exit_status(command, result(Outcome::kNotFound, 0, false), kClean), 127);
        EXPECT_EQ(exit_status(command, result(Outcome::kCannotExecute, 0, false), kClean), 126);
    }
}

TEST(ExitStatus, OfTheGateTellsFindingsTimeoutAndBlindnessApart) {
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kExited, 0), kClean), 0);
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kExited, 0), kFindings), 86);
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kExited, 0, false), kClean), 125);
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kExited, 0, false), kFindings), 86);
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kExited, 0), kIncomplete), 125);
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kTimedOut, 0), kFindings), 86);
    EXPECT_EQ(exit_status(Command::kGate, result(Outcome::kTimedOut, 0), kClean), 124);
}

TEST(ExitStatus, OfRunNeverMakesAFailureOfASuccess) {
    EXPECT_EQ(exit_status(Command::kRun, result(Outcome::kExited, 0), kClean), 0);
    EXPECT_EQ(exit_status(Command::kRun, result(Outcome::kExited, 0), kFindings), 0);
    EXPECT_EQ(exit_status(Command::kRun, result(Outcome::kExited, 0, false), kIncomplete), 0);
    EXPECT_EQ(exit_status(Command::kRun, result(Outcome::kTimedOut, 0), kFindings), 124);
}

}  // namespace
}  // namespace command
