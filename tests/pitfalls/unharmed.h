// SPDX-License-Identifier: Apache-2.0
//
// A program ends in the same way, and says the same, bare, with the library preloaded, and under the command.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/target_runner.h"

namespace pitfalls {

using Words = std::vector<std::string>;

constexpr int kLeft = 7;  ///< status of work.c

/// Reports go to a file, all the way that they go to standard error in plain use.
inline support::Command preloaded(Words arguments, const std::string& folder,
                                  const std::string& libraries = LOITER_LIBRARY, const std::string& more = "") {
    support::Command command{std::move(arguments)};
    command.environment = {{"LD_PRELOAD", libraries},
                           {"LOITER_OPTIONS", "grace=20ms:log_path=" + folder + "/report" + more}};
    return command;
}

inline support::Command under_run(const Words& arguments, const std::string& folder) {
    support::Command command{
        {LOITER_COMMAND, "run", "--grace", "20ms", "-o", folder + "/report", "--children", "no", "--"}};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    return command;
}

inline void expect_same(const support::Outcome& seen, const support::Outcome& bare, const char* how) {
    EXPECT_EQ(seen.status, bare.status) << how << ": " << seen.errors;
    EXPECT_EQ(seen.out_of_time, bare.out_of_time) << how;
    EXPECT_EQ(seen.output, bare.output) << how;
    EXPECT_EQ(seen.errors, bare.errors) << how;
}

/// What cannot be observed the command says in one line.
inline support::Outcome without_our_line(support::Outcome outcome) {
    const size_t start = outcome.errors.rfind("loiter: ", outcome.errors.find("was not observed"));
    if (start != std::string::npos) outcome.errors.erase(start, outcome.errors.find('\n', start) + 1 - start);
    return outcome;
}

/// What it is to end with is told too: a program that cannot start at all is the same everywhere.
inline void expect_unharmed(const Words& arguments, int status) {
    const support::TemporaryFolder folder;
    const support::Outcome bare = support::run({arguments});
    ASSERT_EQ(bare.status, status) << bare.errors;
    expect_same(support::run(preloaded(arguments, folder.path())), bare, "preloaded");
    expect_same(without_our_line(support::run(under_run(arguments, folder.path()))), bare, "under the command");
}

}  // namespace pitfalls
