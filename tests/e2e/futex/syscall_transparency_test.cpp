// SPDX-License-Identifier: Apache-2.0
//
// syscall() gives its callers what libc's gives them.
#include <gtest/gtest.h>

#include "tests/support/target_runner.h"

namespace {

support::Outcome outcome_of(const char* library) {
    const support::TemporaryFolder folder;
    support::Command command{{SYSCALL_RESULTS}};
    if (*library != '\0') command.environment = {{"LD_PRELOAD", library}, {"LOITER_DIR", folder.path()}};
    return support::run(command);
}

TEST(Syscall, ReturnsAndSetsWhatLibcsDoes) {
    const support::Outcome bare = outcome_of("");
    ASSERT_EQ(bare.status, 0) << bare.output << bare.errors;
    ASSERT_NE(bare.output.find("clone with a stack: 10\n"), std::string::npos) << bare.output;

    const support::Outcome observed = outcome_of(LOITER_LIBRARY);

    EXPECT_EQ(observed.status, 0);
    EXPECT_EQ(observed.output, bare.output);
    EXPECT_EQ(observed.errors, bare.errors);
}

TEST(Syscall, IsTheSameWithoutARecordingFolder) {
    const support::Outcome observed =
        support::run({.arguments = {SYSCALL_RESULTS}, .environment = {{"LD_PRELOAD", LOITER_LIBRARY}}});

    EXPECT_EQ(observed.status, 0);
    EXPECT_EQ(observed.output, outcome_of("").output);
}

}  // namespace
