// SPDX-License-Identifier: Apache-2.0
//
// Suppressions and baselines: what a team has accepted fails nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"

namespace cli {
namespace {

using report::Json;
using testing::HasSubstr;
using Words = std::vector<std::string>;

class Accepting : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    std::string file(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        return path(name);
    }
    /// `command` with these options on a program with one blocked worker.
    support::Outcome run_with(const std::string& command, const Words& options, const std::string& status = "0") const {
        Words arguments = {command};
        arguments.insert(arguments.end(), options.begin(), options.end());
        arguments.insert(arguments.end(), {BLOCKED_WORKER, "exit", status});
        return run(arguments);
    }

    support::TemporaryFolder folder_;
};

TEST_F(Accepting, AFindingThatAnEntryFitsFailsNothingAndIsNotTold) {
    const std::string entries = file("ci.supp", "# the worker\nblocked_in:::work()$ verdict:blocked\n");

    const support::Outcome outcome = run_with("gate", {"--suppressions", entries});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "");
}

TEST_F(Accepting, MachinesAreToldOfItAndWhy) {
    const std::string entries = file("ci.supp", "blocked_in:work\n");

    const support::Outcome outcome = run_with("gate", {"--format", "json", "--suppressions", entries});

    EXPECT_EQ(outcome.status, 0);
    const Json report = Json::parse(outcome.errors);
    ASSERT_EQ(report.at("findings").size(), 1U);
    EXPECT_EQ(report.at("findings").at(0).at("suppressed_by"), entries + ":1: blocked_in:work");
}

TEST_F(Accepting, EntriesOfSeveralFilesCountAndThoseThatNothingNeedsAreNamed) {
    const std::string one = file("one.supp", "top:^(anonymous namespace)::work()$\n");
    const std::string other = file("other.supp", "\nlock:g_old\n");

    const Words options = {"--suppressions", one, "--suppressions", other};
    const support::Outcome outcome = run_with("gate", options);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "loiter: " + other + ":2: nothing was found that needs lock:g_old\n");

    Words strict = options;
    strict.emplace_back("--strict-suppressions");
    EXPECT_EQ(run_with("gate", strict).status, 86);
    EXPECT_EQ(run_with("gate", strict, "3").status, 3) << "its own failure wins";
    EXPECT_EQ(run_with("gate", {"--suppressions", one, "--strict-suppressions"}).status, 0);
}

TEST_F(Accepting, WrittenEntriesAcceptWhatTheyWereWrittenFor) {
    const support::Outcome first = run_with("gate", {"--write-suppressions", path("new.supp")});
    EXPECT_EQ(first.status, 86) << "what is written now is accepted the next time";

    const support::Outcome next =
        run_with("gate", {"--suppressions", path("new.supp"), "--write-suppressions", path("more.supp")});

    EXPECT_EQ(next.status, 0) << report::read_text(path("new.supp"));
    EXPECT_EQ(next.errors, "");
    EXPECT_EQ(report::read_text(path("more.supp")), "") << "nothing more to accept";
}

TEST_F(Accepting, OnlyFindingsThatABaselineHasNotFail) {
    EXPECT_EQ(run_with("gate", {"--write-baseline", path("base.json")}).status, 86);
    const std::string written = report::read_text(path("base.json"));

    const support::Outcome same =
        run_with("gate", {"--baseline", path("base.json"), "--write-baseline", path("again.json")});
    EXPECT_EQ(same.status, 0) << same.errors;
    EXPECT_EQ(same.errors, "");
    EXPECT_EQ(report::read_text(path("again.json")), written);

    const support::Outcome clean = run({"gate", "--baseline", path("base.json"), "true"});
    EXPECT_EQ(clean.status, 0);
    EXPECT_THAT(clean.errors, HasSubstr("loiter: gone from " + path("base.json") + ": 1 thread"));
}

TEST_F(Accepting, BadFilesAreFoundBeforeTheProgramStarts) {
    const std::string marker = path("started");
    const auto refused = [&](const Words& options) {
        Words arguments = {"gate"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        for (const std::string& word : {std::string("touch"), marker}) arguments.push_back(word);
        const support::Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 2) << outcome.errors;
        EXPECT_FALSE(std::filesystem::exists(marker));
        return outcome.errors;
    };
    const std::string bad = file("bad.supp", "thread:a\nfoo bar\n");
    EXPECT_EQ(refused({"--suppressions", bad}),
              "loiter: " + bad +
                  ":2: 'foo bar' is not kind:pattern; kinds are thread, started, created_by, "
                  "blocked_in, top, lock, module, verdict\n");
    EXPECT_EQ(refused({"--suppressions", path("none")}),
              "loiter: " + path("none") + " cannot be read: No such file or directory\n");
    EXPECT_EQ(refused({"--suppressions", folder_.path()}),
              "loiter: " + folder_.path() + " cannot be read: it is a folder\n");
    EXPECT_EQ(refused({"--baseline", bad}),
              "loiter: " + bad + " is no baseline (loiter-baseline/1); --write-baseline makes one\n");
    EXPECT_EQ(refused({"--write-baseline", path("no/such")}),
              "loiter: " + path("no/such") + " cannot be written: No such file or directory\n");
    EXPECT_EQ(refused({"--write-suppressions", ""}), "loiter: --write-suppressions: the name of the file is empty\n");
}

TEST_F(Accepting, FilesStayAsTheyAreWhereNothingWasJudged) {
    const std::string kept = file("kept.json", "what was there");

    EXPECT_EQ(run({"gate", "--write-baseline", kept, "--write-suppressions", kept, "no-such-program"}).status, 127);

    EXPECT_EQ(report::read_text(kept), "what was there");
}

TEST_F(Accepting, WhatIsBuiltInIsListedInTheShapeOfAFile) {
    const support::Outcome listed = run({"--list-suppressions"});
    EXPECT_EQ(listed.status, 0);

    const support::Outcome used = run({"gate", "--suppressions", file("listed.supp", listed.output), "true"});
    EXPECT_EQ(used.status, 0);
    EXPECT_THAT(listed.output, HasSubstr("started:/libgomp.so"));
}

}  // namespace
}  // namespace cli
