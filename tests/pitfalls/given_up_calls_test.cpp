// SPDX-License-Identifier: Apache-2.0
//
// A program that has given up system calls is asked for none by us: neither killed, nor told of an error.
#include <algorithm>
#include <string>
#include <tuple>

#include "tests/pitfalls/unharmed.h"

namespace pitfalls {
namespace {

std::string word(std::string text) {
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
}

using Case = std::tuple<const char*, const char*>;

class GivenUpCalls : public testing::TestWithParam<Case> {};

TEST_P(GivenUpCalls, AreNotMadeByUs) {
    const auto& [how, what] = GetParam();
    for (const char* const since : {"first", "later"}) expect_unharmed({GIVEN_UP_CALLS, how, since, what}, kLeft);
}

std::string name_case(const testing::TestParamInfo<Case>& which) {
    const auto& [how, what] = which.param;
    return word(how) + "_" + (std::string(what) == "_exit" ? "at_once" : word(what));
}

INSTANTIATE_TEST_SUITE_P(By, GivenUpCalls,
                         testing::Combine(testing::Values("kill", "errno", "kill-all", "errno-all"),
                                          testing::Values("return", "exit", "_exit", "quick_exit", "threads",
                                                          "contended", "condition", "handler", "fork", "fork-held",
                                                          "fork-threads", "at-thread-end")),
                         name_case);

/// The library starts in a program that may not call most of what it calls then.
TEST(CallsGivenUpBeforeExec, AreRefusedWithoutHarm) {
    for (const char* const since : {"first", "later"}) expect_unharmed({GIVEN_UP_CALLS, "errno", since, "exec"}, kLeft);
}

}  // namespace
}  // namespace pitfalls
