// SPDX-License-Identifier: Apache-2.0
//
// Places that take no output: refused before CMD starts where that can be known; what is lost later costs CMD
// nothing, nor the gate its verdict.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::HasSubstr;

/// Each way to name a place, with the words before its name.
const std::vector<Words> kWaysToWrite = {
    {"-o", ""}, {"--format", "junit="}, {"--format", "json="}, {"--write-baseline", ""}, {"--write-suppressions", ""}};

Words gate_that_writes(const Words& way, const std::string& place, const Words& program) {
    Words arguments = {"gate", "--grace", "10ms", way[0], way[1] + place};
    arguments.insert(arguments.end(), program.begin(), program.end());
    return arguments;
}

class UnwritablePlace : public testing::Test {
protected:
    UnwritablePlace() {
        std::ofstream(path("file")) << "text\n";
        std::filesystem::create_directory(path("locked"));
        chmod(path("locked").c_str(), 0500);
    }

    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

    /// One line that names the place and the obstacle, and nothing was started.
    void expect_refused(const Words& way, const std::string& place, const std::string& why) const {
        support::Command command = loiter(gate_that_writes(way, place, {"touch", path("started")}));
        // Root's rights are no obstacle to it: without them it is bound by what files allow.
        if (geteuid() == 0 && why == "Permission denied")
            command.arguments.insert(command.arguments.begin(), {"setpriv", "--bounding-set=-all", "--inh-caps=-all"});

        const support::Outcome outcome = support::run(command);

        const std::string what = testing::PrintToString(command.arguments);
        EXPECT_EQ(outcome.status, 2) << what;
        EXPECT_EQ(line_count(outcome.errors), 1) << what << outcome.errors;
        EXPECT_THAT(outcome.errors, testing::StartsWith("loiter: "));
        EXPECT_THAT(outcome.errors, HasSubstr(place)) << what;
        EXPECT_THAT(outcome.errors, HasSubstr(why)) << what;
        EXPECT_FALSE(std::filesystem::exists(path("started"))) << what;
    }

    support::TemporaryFolder folder_;
};

TEST_F(UnwritablePlace, IsRefusedBeforeTheProgramStarts) {
    std::vector<Words> ways = kWaysToWrite;
    ways.push_back({"--dir", ""});
    for (const Words& way : ways) {
        expect_refused(way, path("no/such"), "No such file or directory");
        expect_refused(way, path("file/x"), "Not a directory");
        expect_refused(way, path("locked/x"), "Permission denied");
        if (way[0] != "--dir") expect_refused(way, folder_.path(), "Is a directory");
    }
    expect_refused({"--dir", ""}, path("file"), "not a folder");
}

TEST_F(UnwritablePlace, ThatIsFullLosesNoStatus) {
    for (const Words& way : kWaysToWrite) {
        const auto gate = [&](const Words& program) { return run(gate_that_writes(way, "/dev/full", program)); };
        const std::string what = testing::PrintToString(way);

        EXPECT_EQ(gate({BLOCKED_WORKER, "exit", "3"}).status, 3) << what;
        EXPECT_EQ(gate({"sh", "-c", "kill -9 $$"}).status, 137) << what;
        EXPECT_EQ(gate({"true"}).status, 0) << what;
        const support::Outcome with_findings = gate({BLOCKED_WORKER, "exit", "0"});
        EXPECT_EQ(with_findings.status, 86) << what;
        EXPECT_THAT(with_findings.errors, HasSubstr("/dev/full")) << what;
        EXPECT_THAT(with_findings.errors, HasSubstr("No space left on device")) << what;
    }
}

TEST_F(UnwritablePlace, LeavesOtherCommandsWithAStatusThatSaysSo) {
    for (const Words& command : std::vector<Words>{{"ps"}, {"doctor", "true"}, {"dump", std::to_string(getpid())}}) {
        Words arguments = {command[0], "-o", "/dev/full"};
        arguments.insert(arguments.end(), command.begin() + 1, command.end());
        const support::Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 125) << command[0];
        EXPECT_EQ(outcome.errors, "loiter: cannot write /dev/full: No space left on device\n") << command[0];
        arguments[2] = path("no/such");
        EXPECT_EQ(run(arguments).status, 2) << command[0];
    }
}

/// The head of a recording fits, and no thread's record: what is left is seen in the process, or not known.
TEST_F(UnwritablePlace, ThatFillsUpWhileRecordingHidesNoThread) {
    const std::string full = path("full");
    std::filesystem::create_directory(full);
    const auto in_little_room = [&](const std::string& command) {
        const std::string mount = "mount -t tmpfs -o size=64k none " + full;
        const std::string fill = " && dd if=/dev/zero of=" + full + "/filled bs=1k count=56 2> /dev/null && ";
        return support::run({.arguments = {"unshare", "--mount", "sh", "-c", mount + fill + command}});
    };
    if (in_little_room("true").status != 0) GTEST_SKIP() << "no right to make a mount namespace";
    const auto attended = [&](const std::string& command, const std::string& program) {
        return in_little_room(LOITER_COMMAND " " + command + " --dir " + full + " " + program);
    };

    const support::Outcome leaking = attended("gate", BLOCKED_WORKER " exit 0");
    const support::Outcome unseen = attended("gate", PAST_WRAPPERS " exit 0");

    EXPECT_EQ(leaking.status, 86);
    EXPECT_THAT(leaking.errors, HasSubstr("note: recording stopped early"));
    EXPECT_THAT(leaking.errors, HasSubstr("FAILED: 1 blocked thread\n"));
    EXPECT_EQ(attended("gate", COMING_AND_GOING " 7").status, 0) << "nothing is left";
    EXPECT_EQ(unseen.status, 125);
    EXPECT_EQ(unseen.errors, "loiter: " PAST_WRAPPERS " was observed in part only: no room for all of its recording\n");
    EXPECT_EQ(attended("run", PAST_WRAPPERS " exit 0").status, 0);
}

}  // namespace
}  // namespace cli
