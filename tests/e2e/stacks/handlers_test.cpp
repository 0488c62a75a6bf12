// SPDX-License-Identifier: Apache-2.0
//
// A stack that passes through a signal handler shows the handler, that it is one, and the very line that was
// interrupted, whichever stack the handler runs on, taken by the library or from outside.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/e2e/stacks/dumped.h"

namespace {

using dumped::Json;
using dumped::Words;

constexpr const char* kReturn = "<signal handler called>";

/// Of each frame of the program, which line it is at; and where handlers were called.
Words seen_in(const Json& stack, const Words& sites) {
    Words seen;
    for (const Json& frame : stack) {
        if (report::text_of(frame.at("function")) == kReturn) seen.emplace_back(kReturn);
        for (const std::string& site : sites) {
            if (report::is_at(frame, report::site_of(HANDLERS_SOURCE, site))) seen.push_back(site);
        }
    }
    return seen;
}

const Words kSites = {"reads", "locks", "spins", "second handler", "handler spins", "handler", "program", "pauses"};

/// Innermost first; all of the program's.
Words expected(const std::string& where, const std::string& how) {
    const std::string sits = how == "read" ? "reads" : "locks";
    if (where == "libc") return {sits, "handler", kReturn, "pauses"};
    if (where == "program") return {sits, "handler", kReturn, "spins", "program"};
    return {sits, "second handler", kReturn, "spins", "handler spins", kReturn, "spins", "program"};
}

struct Case {
    bool observed;
    std::string stack;
    std::string where;
    std::string how;
    std::string options;  ///< of the library
};

std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const char* const stack : {"own", "other"}) {
        for (const char* const where : {"program", "libc", "handler"}) {
            for (const char* const how : {"lock", "read"}) {
                cases.push_back({true, stack, where, how, "report=none"});
                // With the report signal in, handlers return by code of the library.
                cases.push_back({true, stack, where, how, "report=signal"});
                cases.push_back({false, stack, where, how, ""});
            }
        }
    }
    return cases;
}

class StackThroughAHandler : public testing::TestWithParam<const char*> {};

TEST_P(StackThroughAHandler, ShowsItAndTheLineThatItInterrupted) {
    for (const Case& one : all_cases()) {
        SCOPED_TRACE(one.stack + " " + one.where + " " + one.how + " " +
                     (one.observed ? one.options : "without the library"));
        const support::TemporaryFolder folder;
        support::Command command{.arguments = {std::string(HANDLERS) + GetParam(), one.stack, one.where, one.how}};
        if (one.observed) command = dumped::observed(command.arguments, folder);
        if (one.observed) {
            for (auto& [name, value] : command.environment) {
                if (name == "LOITER_OPTIONS") value = one.options;
            }
        }
        support::Running target(command);
        ASSERT_TRUE(target.await_output("sitting"));

        const Json report = dumped::dump_json(target.pid());

        const Json& victim = dumped::thread_named(report, "victim");
        EXPECT_EQ(seen_in(victim.at("stack"), kSites), expected(one.where, one.how))
            << report::describe(victim.at("stack"));
        EXPECT_EQ(victim.at("stack_incomplete"), false);
        EXPECT_EQ(report.dump().find("libloiter"), std::string::npos) << "a frame of ours in a stack";
    }
}

TEST_P(StackThroughAHandler, IsOneInTheTextToo) {
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({std::string(HANDLERS) + GetParam(), "other", "program", "lock"}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    const std::string text = dumped::dump(target.pid(), {}).output;

    EXPECT_NE(text.find(kReturn), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(Levels, StackThroughAHandler, testing::Values("O0", "O2", "frames"),
                         [](const auto& level) { return std::string(level.param); });

}  // namespace
