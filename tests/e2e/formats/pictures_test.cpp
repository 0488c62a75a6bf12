// SPDX-License-Identifier: Apache-2.0
//
// Flame graph lines, profiles and wait-for graphs, of a run and of a live process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "tests/e2e/formats/formats.h"

namespace formats {
namespace {

using cli::content;
using testing::HasSubstr;

/// The samples of a profile, as a reader that knows its schema prints them; else what that complains of.
std::string samples_in(const std::string& path) {
    const support::Outcome read = support::run({{"python3", "-B", READ_PROFILE, path}});
    return read.status == 0 ? read.output : read.errors;
}

/// What flamegraph.pl and speedscope take: frames between semicolons, a blank, a count. Returns the sum.
long counted_threads(const std::string& folded) {
    static const std::regex kLine("[^;]+(;[^;]+)* ([0-9]+)");
    long threads = 0;
    std::istringstream lines(folded);
    for (std::string line; std::getline(lines, line);) {
        std::smatch match;
        EXPECT_TRUE(std::regex_match(line, match, kLine)) << line;
        if (!match.empty()) threads += std::stol(match[2]);
    }
    return threads;
}

TEST(Pictures, ThreeAtOnceShowOneDeadlock) {
    const support::TemporaryFolder folder;
    const std::string folded = folder.path() + "/out.folded";
    const std::string pprof = folder.path() + "/out.pb.gz";
    const std::string dot = folder.path() + "/out.dot";

    const support::Outcome outcome = run_in_tree({"gate", "--timeout", "2s", "--format", "folded=" + folded, "--format",
                                                  "pprof=" + pprof, "--format", "dot=" + dot, DEADLOCK, "leaky"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_THAT(content(folded), HasSubstr(";transfer(gate::Crossing*);[mutex lock] 1\n"));
    EXPECT_THAT(content(folded), HasSubstr(";main;[join] 1\n"));
    EXPECT_EQ(counted_threads(content(folded)), 3);
    EXPECT_THAT(samples_in(pprof),
                testing::ContainsRegex("threads=1 waiting=[0-9]{9,} state='mutex lock' [^|]*lock='mutex g_ledger' "
                                       "[^|]*[|] transfer.gate::Crossing[*]."));
    EXPECT_THAT(content(dot), HasSubstr("label=\"mutex g_accounts\", color=red"));
    const support::Outcome drawn = support::run({{"dot", "-Tsvg", dot}});
    EXPECT_EQ(drawn.status, 0) << drawn.errors;
    EXPECT_THAT(drawn.output, HasSubstr("mutex g_ledger"));
}

TEST(Pictures, AreMadeOfALiveProcessToo) {
    support::Command program;
    program.arguments = {"env", "LD_PRELOAD=" LOITER_LIBRARY, BLOCKED_WORKER, "hang"};
    support::Running running(program);
    ASSERT_TRUE(running.await_output("ready"));
    const std::string pid = std::to_string(running.pid());

    const support::Outcome folded = cli::run({"dump", "--format", "folded", pid});
    const support::Outcome dot = cli::run({"dump", "--format", "dot", pid});

    EXPECT_EQ(folded.status, 0) << folded.errors;
    EXPECT_THAT(folded.output, HasSubstr(";[cond wait] 1\n"));
    EXPECT_EQ(dot.status, 0) << dot.errors;
    EXPECT_THAT(dot.output, HasSubstr("[label=\"waits for\"]"));
}

TEST(Pictures, ASchemaRefusesWhatIsNoProfile) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/out.pb.gz";
    const auto complaint = [&](const std::string& digits) {
        support::run(
            {{"python3", "-c", "import gzip, sys; gzip.open(sys.argv[1], 'wb').write(bytes.fromhex(sys.argv[2]))", file,
              digits}});
        return samples_in(file);
    };

    EXPECT_THAT(complaint("7a00"), HasSubstr("Profile has no field 15"));
    EXPECT_THAT(complaint("0801"), HasSubstr("Profile.sample_type has no length"));
    EXPECT_THAT(complaint("3200"), HasSubstr("there is no type of samples"));
    EXPECT_THAT(complaint("3205"), HasSubstr("cut off"));
    EXPECT_THAT(complaint("32000a0012060a0101120103"), HasSubstr("there is no location 1"));
}

}  // namespace
}  // namespace formats
