// SPDX-License-Identifier: Apache-2.0
//
// Stacks of odd shape: functions that were left by a jump are in no stack, and all others are; a fiber's stack is
// its own.
#include <gtest/gtest.h>

#include <string>

#include "tests/e2e/stacks/dumped.h"

namespace {

using dumped::Json;
using dumped::Words;

class ShapedStack : public testing::TestWithParam<const char*> {
protected:
    /// The sites of the program's frames, from the innermost on; "?" where there is none.
    static Words sites_of(const Json& thread) {
        static const Words kShapedSites = {"locks",   "reads",         "by pointer",  "jumps",       "calls",
                                           "to lock", "calls to lock", "begins lock", "begins read", "begins to lock"};
        Words found;
        for (const Json& frame : report::program_frames(thread.at("stack"))) {
            if (report::text_of(frame.at("function")).starts_with("gate::raw_call")) continue;
            std::string at = "?";
            for (const std::string& site : kShapedSites) {
                if (report::is_at(frame, report::site_of(SHAPED_SOURCE, site))) at = site;
            }
            found.push_back(at);
        }
        return found;
    }
};

TEST_P(ShapedStack, LacksWhatLeftByAJumpAndNothingElse) {
    // Without optimization every one is a call.
    const bool jumps = std::string(GetParam()) != "O0";
    for (const bool is_observed : {true, false}) {
        SCOPED_TRACE(is_observed ? "under the library" : "without it");
        const support::TemporaryFolder folder;
        const Words arguments{std::string(SHAPED_CALLS) + GetParam()};
        support::Command command{.arguments = arguments};
        if (is_observed) command = dumped::observed(arguments, folder);
        support::Running target(command);
        ASSERT_TRUE(target.await_output("sitting"));

        const Json report = dumped::dump_json(target.pid());

        // From outside, a frame pointer is proved by the call that led to its function: here there is none.
        const bool may_be_cut = std::string(GetParam()) == "frames";
        const auto expect_sites = [&](const char* name, Words expected) {
            const Json& thread = dumped::thread_named(report, name);
            const Words sites = sites_of(thread);
            const bool is_cut = thread.at("stack_incomplete") == true;
            EXPECT_TRUE(may_be_cut || !is_cut) << name;
            if (is_cut) expected.resize(std::min(expected.size(), sites.size()));
            EXPECT_EQ(sites, expected) << name;
        };
        expect_sites("locks", jumps ? (Words{"locks", "calls", "begins lock"})
                                    : (Words{"locks", "by pointer", "jumps", "calls", "begins lock"}));
        expect_sites("reads", jumps ? (Words{"reads", "calls", "begins read"})
                                    : (Words{"reads", "by pointer", "jumps", "calls", "begins read"}));
        expect_sites("to lock", jumps ? (Words{"calls to lock", "begins to lock"})
                                      : (Words{"to lock", "calls to lock", "begins to lock"}));
    }
}

INSTANTIATE_TEST_SUITE_P(Levels, ShapedStack, testing::Values("O0", "O2", "frames"),
                         [](const auto& level) { return std::string(level.param); });

TEST(StackOfAFiber, IsItsOwn) {
    if (std::string(FIBERS).empty()) GTEST_SKIP() << "libboost-context-dev is not installed";
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({FIBERS}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    const Json report = dumped::dump_json(target.pid());

    for (const char* const name : {"locks", "reads"}) {
        SCOPED_TRACE(name);
        const Json& stack = dumped::thread_named(report, name).at("stack");
        std::vector<Json> frames = report::program_frames(stack);
        const auto is_fiber = [](const Json& frame) { return report::text_of(frame.at("file")) == FIBERS_SOURCE; };
        std::erase_if(frames, [&](const Json& frame) { return !is_fiber(frame); });
        ASSERT_GE(frames.size(), 3U) << report::describe(stack);
        EXPECT_TRUE(report::is_at(frames[0], report::site_of(FIBERS_SOURCE, name))) << report::describe(stack);
        EXPECT_TRUE(report::is_at(frames[1], report::site_of(FIBERS_SOURCE, std::string(name) + " deeper")))
            << report::describe(stack);
        EXPECT_FALSE(report::passes(stack, report::site_of(FIBERS_SOURCE, "resumes"))) << "of the thread's own stack:\n"
                                                                                       << report::describe(stack);
    }
}

}  // namespace
