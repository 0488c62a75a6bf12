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
    const std::string other = file("kept.supp", "what was there, too");

    EXPECT_EQ(run({"gate", "--write-baseline", kept, "--write-suppressions", other, "no-such-program"}).status, 127);

    EXPECT_EQ(report::read_text(kept), "what was there");
    EXPECT_EQ(report::read_text(other), "what was there, too");
}

TEST_F(Accepting, NoFileIsWrittenThatHasAnotherUse) {
    const std::string entries = "thread:nobody\n";
    const std::string kept = file("kept", entries);
    const std::string link = path("link");
    std::filesystem::create_symlink(kept, link);
    for (const Words& options :
         {Words{"-o", kept, "--suppressions", kept}, Words{"-o", link, "--suppressions", kept},
          Words{"--format", "json=" + kept, "--baseline", kept},
          Words{"--baseline", kept, "--write-suppressions", kept},
          Words{"--suppressions", kept, "--write-baseline", link},
          Words{"--write-baseline", kept, "--write-suppressions", kept}, Words{"-o", kept, "--write-baseline", kept},
          Words{"--format", "junit=" + kept, "--write-suppressions", link}}) {
        const support::Outcome outcome = run_with("gate", options);

        EXPECT_EQ(outcome.status, 2);
        EXPECT_THAT(outcome.errors, HasSubstr("cannot be one file"));
        EXPECT_EQ(report::read_text(kept), entries);
    }
    for (const Words& arguments : {Words{"report", kept, "-o", kept}, Words{"diff", kept, "/bin/true", "-o", kept}}) {
        EXPECT_EQ(run(arguments).status, 2);
        EXPECT_EQ(report::read_text(kept), entries);
    }
    const Words to_nowhere = {"-o", "/dev/null", "--write-baseline", "/dev/null", "--write-suppressions", "/dev/null"};
    EXPECT_EQ(run_with("gate", to_nowhere).status, 86);
}

TEST_F(Accepting, ABadOptionChangesNoFile) {
    const std::string kept = file("kept", "of an earlier run");
    for (const Words& bad : {Words{"--suppressions", path("none")}, Words{"--write-baseline", path("no/such")},
                             Words{"--format", "json=" + path("no/such")}, Words{"--dir", path("no/such")}}) {
        for (const std::string& output : {kept, path("new")}) {
            Words options = {"-o", output, "--write-suppressions", path("new.supp")};
            options.insert(options.end(), bad.begin(), bad.end());

            EXPECT_EQ(run_with("gate", options).status, 2);

            EXPECT_EQ(report::read_text(kept), "of an earlier run");
            EXPECT_FALSE(std::filesystem::exists(path("new")));
            EXPECT_FALSE(std::filesystem::exists(path("new.supp")));
        }
    }
    EXPECT_EQ(run({"report", "-o", kept, path("none")}).status, 125);
    EXPECT_EQ(report::read_text(kept), "of an earlier run");
    EXPECT_EQ(run({"gate", "-o", kept, "true"}).status, 0);
    EXPECT_EQ(report::read_text(kept), "") << "a clean run leaves an empty file";
}

TEST_F(Accepting, EntriesAreAddedToAFileThatIsReadToo) {
    const std::string entries = file("ci.supp", "# kept\nthread:nobody");
    const Words options = {"--suppressions", entries, "--write-suppressions", entries};
    EXPECT_EQ(run_with("gate", options).status, 86);
    const std::string grown = report::read_text(entries);
    EXPECT_THAT(grown, testing::StartsWith("# kept\nthread:nobody\n"));

    EXPECT_EQ(run_with("gate", options).status, 0) << grown;

    EXPECT_EQ(report::read_text(entries), grown);
}

TEST_F(Accepting, ABaselineIsRenewedInPlace) {
    const Words options = {"--baseline", path("base.json"), "--write-baseline", path("base.json")};
    EXPECT_EQ(run_with("gate", {"--write-baseline", path("base.json")}).status, 86);
    const std::string written = report::read_text(path("base.json"));

    EXPECT_EQ(run_with("gate", options).status, 0);

    EXPECT_EQ(report::read_text(path("base.json")), written);
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
