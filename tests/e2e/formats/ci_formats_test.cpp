// SPDX-License-Identifier: Apache-2.0
//
// Findings for the pages of CI services: JUnit, SARIF, GitHub, GitLab.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/e2e/formats/formats.h"

namespace formats {
namespace {

using cli::content;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr char kSource[] = "tests/gallery/opposite_lock_order.cpp";

std::string place(const json& location) {
    const json& physical = location.at("physicalLocation");
    return physical.at("artifactLocation").at("uri").get<std::string>() + ":" +
           std::to_string(physical.at("region").at("startLine").get<int>());
}

std::string in_source(const std::string& site) {
    return std::string(kSource) + ":" + std::to_string(line_of(site));
}

TEST(CiFormats, ThreeAtOnceTellOfOneDeadlock) {
    const support::TemporaryFolder folder;
    const std::string junit = folder.path() + "/out.xml";
    const std::string sarif = folder.path() + "/out.sarif";

    const support::Outcome outcome = run_in_tree(
        {"gate", "--format", "junit=" + junit, "--format", "sarif=" + sarif, "--format", "text", DEADLOCK, "exits"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_THAT(outcome.errors, HasSubstr("DEADLOCK: 2 threads wait for each other"));
    EXPECT_EQ(complaint_about_junit(junit), "");
    EXPECT_EQ(complaint_about_sarif(sarif), "");
    EXPECT_THAT(content(junit), HasSubstr(R"(tests="1" failures="1" errors="0" skipped="0")"));
    EXPECT_THAT(content(junit), HasSubstr("exits: deadlock in transfer(gate::Crossing*)"));
    EXPECT_THAT(content(junit), HasSubstr(std::string("file=\"") + kSource + "\" line=\"" +
                                          std::to_string(line_of("transfer_block")) + "\""));
}

TEST(CiFormats, SarifHasAFlowForEachThreadOfADeadlock) {
    const support::TemporaryFolder folder;
    const std::string sarif = folder.path() + "/out.sarif";

    run_in_tree({"gate", "--format", "sarif=" + sarif, DEADLOCK, "exits"});

    const json run = json::parse(content(sarif))["runs"][0];
    EXPECT_EQ(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file://" SOURCE_ROOT "/");
    ASSERT_EQ(run["results"].size(), 1U);
    const json& result = run["results"][0];
    EXPECT_EQ(result["ruleId"], "deadlock");
    EXPECT_EQ(result["level"], "error");
    EXPECT_EQ(place(result["locations"][0]), in_source("transfer_block"));
    std::vector<std::vector<std::string>> flows;
    for (const json& flow : result["codeFlows"][0]["threadFlows"]) {
        flows.emplace_back();
        for (const json& step : flow["locations"]) flows.back().push_back(place(step["location"]));
    }
    EXPECT_THAT(flows, ElementsAre(ElementsAre(in_source("transfer_acquired"), in_source("transfer_block")),
                                   ElementsAre(in_source("audit_acquired"), in_source("audit_block"))));
}

TEST(CiFormats, GithubAnnotatesTheStreamAndAppendsASummary) {
    const support::TemporaryFolder folder;
    const std::string summary = folder.path() + "/summary.md";
    std::ofstream(summary) << "before\n";
    support::Command command = cli::loiter({"gate", "--format", "github", "--format", "text", DEADLOCK, "exits"});
    command.directory = SOURCE_ROOT;
    command.environment = {{"GITHUB_STEP_SUMMARY", summary}};

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 86);
    EXPECT_THAT(outcome.errors, HasSubstr("\n::error file=" + std::string(kSource) + ",line=" +
                                          std::to_string(line_of("transfer_block")) + ",title=deadlock in "));
    EXPECT_THAT(content(summary), testing::StartsWith("before\n### loiter"));
    EXPECT_THAT(content(summary), HasSubstr("| ❌ | **deadlock**"));
}

TEST(CiFormats, AStepSummaryThatCannotBeWrittenFailsNothing) {
    support::Command command = cli::loiter({"gate", "--format", "github", "true"});
    command.environment = {{"GITHUB_STEP_SUMMARY", "/nosuch/summary"}};

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "loiter: cannot write GITHUB_STEP_SUMMARY /nosuch/summary: No such file or directory\n");
}

TEST(CiFormats, GitlabNamesThePathAndTheLine) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/quality.json";

    run_in_tree({"gate", "--format", "gitlab", "-o", file, DEADLOCK, "exits"});

    const json report = json::parse(content(file));
    ASSERT_EQ(report.size(), 1U);
    EXPECT_EQ(report[0]["location"], json({{"path", kSource}, {"lines", {{"begin", line_of("transfer_block")}}}}));
    EXPECT_EQ(report[0]["check_name"], "loiter.deadlock");
    EXPECT_EQ(report[0]["fingerprint"].get<std::string>().size(), 16U);
}

TEST(CiFormats, AcceptedFindingsAreNoFailures) {
    const support::TemporaryFolder folder;
    const std::string junit = folder.path() + "/out.xml";
    const std::string sarif = folder.path() + "/out.sarif";
    const std::string suppressions = folder.path() + "/ci.supp";
    std::ofstream(suppressions) << "verdict:deadlock\n";

    const support::Outcome outcome = run_in_tree({"gate", "--suppressions", suppressions, "--format", "junit=" + junit,
                                                  "--format", "sarif=" + sarif, DEADLOCK, "exits"});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(complaint_about_junit(junit), "");
    EXPECT_EQ(complaint_about_sarif(sarif), "");
    EXPECT_THAT(content(junit), HasSubstr("<skipped message=\"accepted by "));
    EXPECT_THAT(content(junit), Not(HasSubstr("<failure")));
    EXPECT_EQ(json::parse(content(sarif))["runs"][0]["results"][0]["suppressions"].size(), 1U);
}

TEST(CiFormats, ASchemaRefusesWhatIsNotValid) {
    const support::TemporaryFolder folder;
    const std::string junit = folder.path() + "/out.xml";
    const std::string sarif = folder.path() + "/out.sarif";
    std::ofstream(junit) << "<testsuites><testsuite name=\"x\" tests=\"-1\" failures=\"0\" errors=\"0\"/></testsuites>";
    std::ofstream(sarif) << R"({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]})";

    EXPECT_THAT(complaint_about_junit(junit), HasSubstr("tests"));
    EXPECT_THAT(complaint_about_sarif(sarif), HasSubstr("name"));
}

}  // namespace
}  // namespace formats
