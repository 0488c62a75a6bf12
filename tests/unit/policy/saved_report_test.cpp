// SPDX-License-Identifier: Apache-2.0
#include "policy/saved_report.h"

#include <gtest/gtest.h>

#include "policy/suppression.h"

namespace policy {
namespace {

std::string report_error(const std::string& text) {
    try {
        digest_of_report(text, "old.json");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

constexpr char kReport[] =
    R"~({"schema":"loiter-report/1","threads":[)~"
    R"~({"state":"io read","stack":[{"function":"f()","file":"/a.cpp","line":3,"module":"/bin/a"}],)~"
    R"~("created_by":{"thread":1,"stack":[{"function":"main","file":null,"line":null,"module":null}]}},)~"
    R"~({"state":"running","stack":[],"created_by":null},)~"
    R"~({"state":"running","stack":[],"created_by":null,"ends_process":true}],)~"
    R"~("findings":[{"verdict":"alive","message":"1 thread","fingerprint":"00ff"}]})~";

TEST(SavedReport, GivesThreadsAndFindingsOfAllItsProcesses) {
    const analyze::Digest digest = digest_of_report(std::string(kReport) + "\n" + kReport + "\n", "old.json");

    EXPECT_EQ(digest.threads, 4U);
    ASSERT_EQ(digest.groups.size(), 2U);
    const analyze::ThreadGroup& reads = digest.groups.begin()->second;
    EXPECT_EQ(reads.state, "io read");
    EXPECT_EQ(reads.threads, 2U);
    EXPECT_EQ(reads.stack.at(0).function, "f()");
    EXPECT_EQ(reads.stack.at(0).line, 3);
    EXPECT_EQ(reads.created.at(0).function, "main");
    EXPECT_EQ(digest.findings, (std::map<std::string, std::string>{{"00ff", "alive: 1 thread"}}));
}

TEST(SavedReport, OfOtherShapesIsReadAsFarAsItIsKnown) {
    const analyze::Digest digest = digest_of_report(
        R"({"schema":"loiter-report/1","threads":[7,{"stack":9},{"state":[],"stack":[3,{"line":"x"}]}],"findings":[4,{}]})",
        "old.json");

    EXPECT_EQ(digest.threads, 2U) << "those that are threads";
    EXPECT_TRUE(digest.findings.empty());
}

TEST(SavedReport, SaysWhatIsNone) {
    const std::string none = "old.json is neither a recording nor a report of --format json, one process a line";
    EXPECT_EQ(report_error("{\"schema\":\"loiter-report/2\"}"), none);
    EXPECT_EQ(report_error("{\"schema\":"), none);
    EXPECT_EQ(report_error(R"({"schema":"loiter-report/1","threads":"x","findings":5})"), none);
    EXPECT_EQ(report_error(std::string(kReport) + "\ngarbage"), none);
    EXPECT_EQ(report_error("\n\n"), "old.json is empty");
}

}  // namespace
}  // namespace policy
