// SPDX-License-Identifier: Apache-2.0
//
// Debian's everyday programs under `gate`: nothing about them may change, and none but xz leaves
// a thread behind.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tests/e2e/programs/inputs.h"
#include "tests/support/target_runner.h"

namespace programs {
namespace {

using Words = std::vector<std::string>;
using support::Outcome;
using support::TemporaryFolder;

Outcome run_in(const std::string& folder, const Words& command) {
    return support::run(in(folder, command));
}

Outcome gate_in(const std::string& folder, const Words& options, const Words& command) {
    Words gate{LOITER_COMMAND, "gate"};
    gate.insert(gate.end(), options.begin(), options.end());
    gate.emplace_back("--");
    gate.insert(gate.end(), command.begin(), command.end());
    return run_in(folder, gate);
}

void expect_same(const Outcome& observed, const Outcome& plain) {
    EXPECT_EQ(observed.status, plain.status);
    EXPECT_TRUE(observed.output == plain.output)
        << observed.output.size() << " bytes of output instead of " << plain.output.size();
    EXPECT_EQ(observed.errors, plain.errors);
}

/// `gate` finds nothing and the program is none the wiser: status, output and errors as without it.
/// `threads`: so many it has at least, counted over its life.
void expect_untouched(const Words& command, const std::string& folder, uint32_t threads) {
    const Outcome plain = run_in(folder, command);

    const Outcome gated = gate_in(folder, {}, command);
    const support::Observed told =
        support::observe(LOITER_COMMAND, "gate", {}, {.arguments = command, .directory = folder});

    ASSERT_EQ(plain.status, 0) << plain.errors;
    expect_same(gated, plain);
    EXPECT_EQ(told.outcome.status, 0);
    ASSERT_FALSE(told.reports.empty());
    EXPECT_GE(told.reports.front()["counts"]["created_total"], threads);
    for (const nlohmann::json& report : told.reports) {
        EXPECT_EQ(report["process"]["observed"], true);
        EXPECT_EQ(report["findings"], nlohmann::json::array()) << report.dump(1);
    }
}

TEST(EverydayPrograms, PigzIsCleanAndUntouched) {
    const Input folder(letters(6 << 20));

    expect_untouched({"pigz", "-p", "4", "-c", "input"}, folder.path(), 4);
}

TEST(EverydayPrograms, ZstdIsCleanAndUntouched) {
    const Input folder(letters(6 << 20));

    expect_untouched({"zstd", "-q", "-T2", "-B512K", "-c", "input"}, folder.path(), 3);
}

TEST(EverydayPrograms, ParallelSortIsCleanAndUntouched) {
    const Input folder(lines(400'000));  // fewer than 128 Ki a thread: it starts none

    expect_untouched({"sort", "--parallel=2", "input"}, folder.path(), 2);
}

TEST(EverydayPrograms, GitStatusIsCleanAndUntouched) {
    const Input folder("not yet added");
    ASSERT_EQ(run_in(folder.path(), {"git", "init", "-q", "."}).status, 0);

    expect_untouched({"git", "status"}, folder.path(), 1);
}

TEST(EverydayPrograms, LsIsCleanAndUntouched) {
    expect_untouched({"ls", "-l", "/usr/bin"}, "/", 1);
}

TEST(EverydayPrograms, AFailingLsFailsAsBefore) {
    const TemporaryFolder folder;
    const Words command{"ls", "missing"};

    const Outcome plain = run_in(folder.path(), command);
    const Outcome gated = gate_in(folder.path(), {}, command);

    EXPECT_EQ(plain.status, 2);
    expect_same(gated, plain);
}

TEST(EverydayPrograms, OpensslSpeedIsClean) {
    const TemporaryFolder folder;

    const Outcome gated = gate_in(folder.path(), {}, {"openssl", "speed", "-seconds", "1", "-bytes", "1024", "sha256"});

    EXPECT_EQ(gated.status, 0) << gated.errors;
    EXPECT_NE(gated.output.find("sha256"), std::string::npos);
    EXPECT_EQ(gated.errors.find("loiter"), std::string::npos) << gated.errors;
}

/// Debian's xz leaves its idle workers in an untimed wait and just exits.
class Xz : public testing::Test {
protected:
    const Input folder_{letters(4 << 20)};
    const Words command_{"xz", "-T2", "-0", "--block-size=512KiB", "-c", "input"};
    const Outcome plain_ = run_in(folder_.path(), command_);
};

TEST_F(Xz, ItsTwoIdleWorkersAreBlockedAndFailTheGate) {
    const support::Observed gated =
        support::observe(LOITER_COMMAND, "gate", {}, {.arguments = command_, .directory = folder_.path()});

    EXPECT_EQ(gated.outcome.status, 86);
    EXPECT_TRUE(gated.outcome.output == plain_.output);
    EXPECT_EQ(gated.outcome.errors, plain_.errors);
    ASSERT_EQ(gated.reports.size(), 1U);
    const nlohmann::json& report = gated.reports.front();
    EXPECT_EQ(report["counts"]["threads"], 3);
    EXPECT_EQ(report["counts"]["blocked"], 2);
    std::set<int> reported;
    for (const auto& finding : report["findings"]) {
        EXPECT_EQ(finding["verdict"], "blocked");
        EXPECT_EQ(finding["certainty"], "fact");
        for (const auto& thread : finding["threads"]) reported.insert(thread.get<int>());
    }
    EXPECT_EQ(reported, (std::set<int>{2, 3}));
    EXPECT_EQ(report.dump().find("libloiter"), std::string::npos);
    for (const auto& thread : report["threads"]) {
        if (thread["id"] == 1) continue;
        EXPECT_EQ(thread["state"], "cond wait");
        EXPECT_EQ(thread["timed"], false);
        EXPECT_FALSE(thread["stack"].empty());
        EXPECT_EQ(thread["created_by"]["thread"], 1);
        EXPECT_FALSE(thread["created_by"]["stack"].empty());
    }
}

TEST_F(Xz, PassesAGateThatAcceptsIdleWorkers) {
    const Outcome gated = gate_in(folder_.path(), {"--fail-on", "deadlock,self-deadlock,orphaned-lock"}, command_);

    EXPECT_EQ(gated.status, 0);
    EXPECT_TRUE(gated.output == plain_.output);
}

}  // namespace
}  // namespace programs
