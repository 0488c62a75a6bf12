// SPDX-License-Identifier: Apache-2.0
//
// What changed between two recordings or reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::HasSubstr;

class Diff : public testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    /// The JSON report of a program, and its recordings in a folder of this name.
    std::string reported(const std::string& name, const Words& program) const {
        Words arguments = {"run", "--format", "json", "-o", path(name + ".json"), "--dir", path(name)};
        arguments.insert(arguments.end(), program.begin(), program.end());
        EXPECT_EQ(run(arguments).status, 0);
        return path(name + ".json");
    }

    support::TemporaryFolder folder_;
    const Words leaky_{BLOCKED_WORKER, "exit", "0"};
};

TEST_F(Diff, OfReportsTellsWhatAppearedAndWent) {
    const std::string clean = reported("clean", {"true"});
    const std::string leaky = reported("leaky", leaky_);

    const support::Outcome outcome = run({"diff", clean, leaky});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("loiter: 0 -> 1 thread: "));
    EXPECT_THAT(outcome.output, HasSubstr("APPEARED: 1 thread [cond wait]\n    (anonymous namespace)::work()"));
    EXPECT_THAT(outcome.output, HasSubstr("  created at\n    main "));
    EXPECT_THAT(outcome.output, HasSubstr("new finding: blocked: "));
    EXPECT_THAT(run({"diff", leaky, clean}).output, HasSubstr("GONE: 1 thread [cond wait]"));
}

TEST_F(Diff, OfTheSameIsNone) {
    const std::string report = reported("leaky", leaky_);

    EXPECT_EQ(run({"diff", report, report}).output, "loiter: 1 -> 1 thread: no group of threads changed\n");
}

TEST_F(Diff, ARecordingAndItsReportAreTheSame) {
    const std::string report = reported("leaky", leaky_);

    const json diff = json::parse(run({"diff", "--format", "json", report, path("leaky")}).output);

    EXPECT_EQ(diff.at("schema"), "loiter-diff/1");
    EXPECT_EQ(diff.at("appeared"), json::array()) << diff.dump(1);
    EXPECT_EQ(diff.at("new_findings"), json::array()) << diff.dump(1);
}

TEST_F(Diff, OfAFolderNamesWhatCannotBeReadAndComparesTheRest) {
    const std::string report = reported("leaky", leaky_);
    std::filesystem::create_directories(path("leaky"));
    std::ofstream(path("leaky") + "/loiter-1-0-0") << "garbage";

    const support::Outcome outcome = run({"diff", report, path("leaky")});

    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("no group of threads changed"));
}

TEST_F(Diff, OfALiveProcessIsNotOfItsEnd) {
    const support::TemporaryFolder recordings;
    support::Running target(observed_plainly({BLOCKED_WORKER, "hang"}, recordings));
    ASSERT_TRUE(target.await_output("ready"));
    const std::string before = path("before.json");
    ASSERT_EQ(run({"dump", "--format", "json", "-o", before, std::to_string(target.pid())}).status, 0);

    const json diff = json::parse(run({"diff", "--format", "json", before, recordings.path()}).output);

    EXPECT_EQ(diff.at("new_findings"), json::array()) << diff.dump(1);
}

TEST_F(Diff, OfWhatCannotBeReadIsOneLine) {
    const std::string report = reported("leaky", leaky_);
    std::ofstream(path("garbage")) << "garbage";
    std::ofstream(path("other.json")) << "{\"schema\": \"other\"}";
    for (const std::string& bad : {path("none"), path("garbage"), path("other.json"), folder_.path()}) {
        const support::Outcome outcome = run({"diff", report, bad});
        EXPECT_EQ(outcome.status, 125) << bad;
        EXPECT_EQ(line_count(outcome.errors), 1) << outcome.errors;
        EXPECT_THAT(outcome.errors, HasSubstr(bad));
    }
    EXPECT_THAT(run({"diff", path("none"), path("garbage")}).errors, HasSubstr(path("none")))
        << "the first comes first";
    EXPECT_EQ(run({"diff", report}).status, 2);
}

}  // namespace
}  // namespace cli
