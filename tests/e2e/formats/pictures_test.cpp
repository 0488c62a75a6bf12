// SPDX-License-Identifier: Apache-2.0
//
// Flame graph lines, profiles and wait-for graphs, of a run and of a live process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/e2e/formats/formats.h"

namespace formats {
namespace {

using cli::content;
using testing::HasSubstr;

/// What a gzip file holds; empty where it is none.
std::string gunzipped(const std::string& path) {
    gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr || gzdirect(file) != 0) return "";
    std::string bytes(1 << 20, '\0');
    const int size = gzread(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    bytes.resize(static_cast<size_t>(std::max(size, 0)));
    return bytes;
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
    EXPECT_THAT(gunzipped(pprof), HasSubstr("mutex g_ledger"));
    EXPECT_THAT(gunzipped(pprof), HasSubstr("transfer(gate::Crossing*)"));
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

}  // namespace
}  // namespace formats
