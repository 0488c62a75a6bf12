// SPDX-License-Identifier: Apache-2.0
//
// Threads of an OpenMP team wait in system calls of libgomp's own, or spin in it: their stacks reach
// the program's frames all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/e2e/stacks/dumped.h"
#include "tests/support/eventually.h"

namespace {

using dumped::Json;
using dumped::Words;

bool passes_libgomp(const Json& stack) {
    return std::any_of(stack.begin(), stack.end(), [](const Json& frame) {
        return report::text_of(frame.at("module")).find("libgomp.so") != std::string::npos;
    });
}

/// Threads that wait, asleep or spinning, whose whole stack leads through libgomp, and past `key` unless
/// that is empty.
size_t waiting(const Json& report, bool spins, const std::string& key) {
    const Json& threads = report.at("threads");
    return static_cast<size_t>(std::count_if(threads.begin(), threads.end(), [&](const Json& thread) {
        const Json& stack = thread.at("stack");
        if (stack.empty() || thread.at("stack_incomplete") == true || !passes_libgomp(stack)) return false;
        const bool is_so = (thread.at("state") == "spinning") == spins && thread.at("stack_is") == "exact";
        return is_so && (key.empty() || report::passes(stack, report::site_of(OPENMP_SOURCE, key)));
    }));
}

class OpenMpTeam : public testing::TestWithParam<std::string> {
protected:
    support::Command team(const Words& arguments, const std::string& policy) const {
        Words all{OPENMP_TEAM + GetParam()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        support::Command command = dumped::observed(all, folder);
        command.environment.emplace_back("OMP_WAIT_POLICY", policy);
        return command;
    }

    /// Until dumps with `options` show so many threads that wait like this.
    void expect_waiting(size_t count, bool spins, const std::string& key, const support::Command& command,
                        const Words& options = {}) const {
        support::Running target(command);
        ASSERT_TRUE(target.await_output("stuck"));
        Json report;
        EXPECT_TRUE(support::eventually([&] {
            report = dumped::dump_json(target.pid(), options);
            return waiting(report, spins, key) == count;
        })) << report.dump(1);
    }

    const support::TemporaryFolder folder;
};

TEST_P(OpenMpTeam, ThatSleepsInABarrierHasItsStackUpToTheProgram) {
    expect_waiting(2, false, "barrier", team({"barrier", "3"}, "passive"));
}

/// The value that libgomp waits on counts its generations.
TEST_P(OpenMpTeam, InABarrierIsShownWithItAndNoCounter) {
    support::Running target(team({"barrier", "3"}, "passive"));
    ASSERT_TRUE(target.await_output("stuck"));
    std::string told;
    EXPECT_TRUE(support::eventually([&] {
        told = dumped::dump(target.pid(), {}).output;
        return told.find("\n  waits on barrier 0x") != std::string::npos;
    })) << told;
    EXPECT_THAT(told, testing::Not(testing::HasSubstr("expects ")));
}

TEST_P(OpenMpTeam, ThatSpinsInABarrierHasItsStackUpToTheProgram) {
    // Where there is no processor for each of a team, libgomp spins for a moment only.
    if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "needs two processors";
    expect_waiting(1, true, "barrier", team({"barrier", "2"}, "active"), {"--stop-running"});
}

TEST_P(OpenMpTeam, ThatWaitsAtTheEndOfARegionIsFoundThere) {
    expect_waiting(2, false, "", team({"end", "3"}, "passive"));
}

TEST_P(OpenMpTeam, WithoutWorkIsInItsPool) {
    expect_waiting(2, false, "", team({"pool", "3"}, "passive"));
}

INSTANTIATE_TEST_SUITE_P(At, OpenMpTeam, testing::Values("O0", "O2"), [](const auto& level) { return level.param; });

}  // namespace
