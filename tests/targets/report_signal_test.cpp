// SPDX-License-Identifier: Apache-2.0
//
// SIGUSR1 asks a plainly preloaded program for a report, and the program must not notice: no call
// that it interrupts ends, sooner or later or otherwise than undisturbed; no signal of the program's
// own is lost; and what the program is told of the signal's action is what it would be without us.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/targets/recorded_program.h"

namespace {

using support::Outcome;

constexpr char kSignals[] = "20";

std::vector<std::string> list_of(const char* program) {
    std::istringstream names(support::run({{program, "list"}}).output);
    std::vector<std::string> list;
    for (std::string name; std::getline(names, name);) list.push_back(name);
    return list;
}

std::string action_of(const testing::TestParamInfo<std::string>& info) {
    return info.param;
}

Outcome bare(std::vector<std::string> arguments) {
    return support::run({std::move(arguments)});
}

/// Where the program has closed standard error no report is started, all else is the same.
Outcome observed(std::vector<std::string> arguments) {
    const support::TemporaryFolder folder;
    return support::run(
        {std::move(arguments),
         {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=signal"}}});
}

class InterruptedCall : public testing::TestWithParam<std::string> {
protected:
    /// Without the library the first SIGUSR1 would be the program's end.
    void expect_undisturbed(const std::string& stack) {
        const Outcome undisturbed = bare({INTERRUPTED_CALLS, GetParam(), "0"});
        ASSERT_EQ(undisturbed.status, 0) << undisturbed.errors;

        std::vector<std::string> arguments{INTERRUPTED_CALLS, GetParam(), kSignals};
        if (!stack.empty()) arguments.push_back(stack);
        const Outcome interrupted = observed(arguments);

        EXPECT_EQ(interrupted.status, 0) << interrupted.errors;
        EXPECT_EQ(interrupted.output, undisturbed.output);
    }
};

TEST_P(InterruptedCall, GoesOnAsIfNothingHadBeen) {
    expect_undisturbed("");
}
TEST_P(InterruptedCall, GoesOnOnTheSmallestStack) {
    expect_undisturbed("small");
}
TEST_P(InterruptedCall, GoesOnWithASmallSignalStack) {
    expect_undisturbed("alternate");
}

TEST(ReportedCall, GoesOnWhileTheReportIsMade) {
    const Outcome undisturbed = bare({INTERRUPTED_CALLS, "sleep", "0"});
    const support::TemporaryFolder folder;
    support::Running program({{INTERRUPTED_CALLS, "sleep", kSignals, "reported"},
                              {{"LD_PRELOAD", LOITER_LIBRARY},
                               {"LOITER_DIR", folder.path()},
                               {"LOITER_OPTIONS", "report=signal:log_path=" + folder.path() + "/log"}}});
    const std::string log = folder.path() + "/log." + std::to_string(program.pid());
    const Outcome interrupted = program.finish();

    EXPECT_EQ(interrupted.status, 0) << interrupted.errors;
    EXPECT_EQ(interrupted.output, undisturbed.output);
    // Made by a process of its own, which may take longer than the program.
    EXPECT_TRUE(support::eventually([&] {
        std::ifstream file(log);
        return std::string(std::istreambuf_iterator<char>(file), {}).find("on signal") != std::string::npos;
    }));
}

INSTANTIATE_TEST_SUITE_P(Of, InterruptedCall, testing::ValuesIn(list_of(INTERRUPTED_CALLS)), action_of);

/// Without a folder for recordings a forked child has none until it makes a thread.
Outcome plainly_preloaded(std::vector<std::string> arguments) {
    return support::run({std::move(arguments), {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_OPTIONS", "report=signal"}}});
}

class SignalAction : public testing::TestWithParam<std::string> {};

TEST_P(SignalAction, LooksAndWorksAsWithoutUs) {
    const Outcome expected = bare({SIGNAL_ACTIONS, GetParam()});
    const Outcome actual = plainly_preloaded({SIGNAL_ACTIONS, GetParam()});
    EXPECT_EQ(expected.status, actual.status);
    EXPECT_EQ(expected.output, actual.output);
}

TEST_P(SignalAction, OfTheProgramsOwnFromTheStartIsLeftAlone) {
    const Outcome expected = bare({SIGNAL_ACTIONS, GetParam(), "handler-first"});
    const Outcome actual = plainly_preloaded({SIGNAL_ACTIONS, GetParam(), "handler-first"});
    EXPECT_EQ(expected.status, actual.status);
    EXPECT_EQ(expected.output, actual.output);
}

INSTANTIATE_TEST_SUITE_P(Of, SignalAction, testing::ValuesIn(list_of(SIGNAL_ACTIONS)), action_of);

constexpr char kRounds[] = "500";

class SignalTogetherWithOurs : public testing::TestWithParam<const char*> {
protected:
    static std::string run(const std::string& how) {
        std::string outputs;
        for (const int signal : {SIGHUP, SIGUSR2}) {  // delivered before ours, and after
            std::vector<std::string> arguments{SIGNALS_TOGETHER, GetParam(), std::to_string(signal), kRounds};
            if (!how.empty()) arguments.push_back(how);
            outputs += observed(arguments).output;
        }
        return outputs;
    }
};

constexpr char kEachReturned[] = "rounds 500 handled 500 returned 500 lost 0\n";
constexpr char kNoneReturned[] = "rounds 500 handled 500 returned 0 lost 500\n";

TEST_P(SignalTogetherWithOurs, StillEndsTheCall) {
    EXPECT_EQ(run(""), std::string(kEachReturned) + kEachReturned);
}
TEST_P(SignalTogetherWithOurs, StillEndsTheCallWhereItsHandlerBlocksOurs) {
    EXPECT_EQ(run("masked"), std::string(kEachReturned) + kEachReturned);
}
TEST_P(SignalTogetherWithOurs, RestartsTheCallsThatItWouldRestart) {
    const char* const expected = std::string(GetParam()) == "read" ? kNoneReturned : kEachReturned;
    EXPECT_EQ(run("restart"), std::string(expected) + expected);
}

INSTANTIATE_TEST_SUITE_P(In, SignalTogetherWithOurs,
                         testing::Values("pause", "poll", "epoll_wait", "nanosleep", "read"),
                         [](const auto& call) { return std::string(call.param); });

}  // namespace
