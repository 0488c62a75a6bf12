// SPDX-License-Identifier: Apache-2.0
//
// SARIF and GitLab's code quality report. That SARIF is valid against its schema is tested end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/render/documents.h"

namespace documents {
namespace {

using nlohmann::json;

json sarif_of(report::Findings findings = bank_findings()) {
    return json::parse(of_bank(render::sarif(facts()), std::move(findings)))["runs"][0];
}

json in_tree(const std::string& file, int line, const std::string& function) {
    return {{"physicalLocation",
             {{"artifactLocation", {{"uri", file}, {"uriBaseId", "SRCROOT"}}}, {"region", {{"startLine", line}}}}},
            {"logicalLocations", json::array({{{"fullyQualifiedName", function}, {"kind", "function"}}})}};
}

json with(json location, const std::string& message) {
    location["message"] = {{"text", message}};
    return location;
}

TEST(Sarif, NamesTheToolItsRulesAndTheRoot) {
    const json run = sarif_of();

    EXPECT_EQ(run["tool"]["driver"]["name"], "loiter");
    EXPECT_EQ(run["tool"]["driver"]["version"], "1.2.3");
    EXPECT_EQ(run["tool"]["driver"]["rules"].size(), 9U);
    EXPECT_EQ(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///src/bank/");
    EXPECT_EQ(run["invocations"][0], json({{"executionSuccessful", true}, {"commandLine", "./bank --open"}}));
}

TEST(Sarif, TellsAFindingWithItsPlaces) {
    const json result = sarif_of()["results"][1];

    const json created_4 = with(in_tree("bank.cpp", 80, "main"), "T4 was created by T1");
    const json created_5 = with(in_tree("bank.cpp", 80, "main"), "T5 was created by T1");
    json related = json::array({created_4, created_5});
    related[0]["id"] = 1;
    related[1]["id"] = 2;
    EXPECT_EQ(
        result,
        json({{"ruleId", "blocked"},
              {"ruleIndex", 5},
              {"level", "error"},
              {"message", {{"text", "2 threads blocked in cond wait"}}},
              {"locations", json::array({in_tree("jobs.cpp", 12, "Jobs::take()")})},
              {"relatedLocations", related},
              {"partialFingerprints", {{"loiterFingerprint/v1", "fedcba9876543210"}}},
              {"properties", {{"certainty", "fact"}, {"threads", 2}, {"process", "./bank --open"}, {"pid", 4242}}}}));
}

TEST(Sarif, TellsADeadlockAsAFlowOfEachThread) {
    const json result = sarif_of()["results"][0];

    const auto step = [](const json& location, const json& kinds) {
        return json({{"location", location}, {"kinds", kinds}, {"importance", "essential"}});
    };
    const json acquire = json::array({"acquire", "lock"});
    const json wait = json::array({"lock"});
    const json teller = json::array(
        {step(with(in_tree("bank.cpp", 40, "transfer(int, int)"), "T2 acquired mutex g_accounts"), acquire),
         step(with(in_tree("bank.cpp", 42, "transfer(int, int)"), "T2 waits for mutex g_ledger (mutex lock)"), wait)});
    const json auditor = json::array(
        {step(with(in_tree("bank.cpp", 61, "audit()"), "T3 acquired mutex g_ledger"), acquire),
         step(with(in_tree("bank.cpp", 63, "audit()"), "T3 waits for mutex g_accounts (mutex lock)"), wait)});
    EXPECT_EQ(
        result["codeFlows"],
        json::array(
            {{{"message", {{"text", "T2 and T3 wait for each other"}}},
              {"threadFlows",
               json::array({{{"id", "T2"}, {"message", {{"text", "T2 \"teller\""}}}, {"locations", teller}},
                            {{"id", "T3"}, {"message", {{"text", "T3 \"auditor\""}}}, {"locations", auditor}}})}}}));
    EXPECT_EQ(result["relatedLocations"].size(), 4U);
}

TEST(Sarif, KeepsWhatIsAcceptedWithTheReason) {
    report::Findings findings = bank_findings();
    findings[0].suppressed_by = "ci.supp:3";
    findings[1].certainty = analyze::Certainty::kLikely;

    const json results = sarif_of(findings)["results"];

    EXPECT_EQ(results[0]["suppressions"], json::array({{{"kind", "external"}, {"justification", "ci.supp:3"}}}));
    EXPECT_FALSE(results[1].contains("suppressions"));
    EXPECT_EQ(results[1]["level"], "warning");
}

TEST(Sarif, NotesWhatWasNotObserved) {
    const auto document = render::sarif(facts());
    document->add(render::Unobserved{"./bank", "static", 1, true});

    const json invocation = json::parse(document->text())["runs"][0]["invocations"][0];

    EXPECT_EQ(invocation["executionSuccessful"], false);
    EXPECT_EQ(invocation["toolExecutionNotifications"],
              json::array({{{"level", "error"}, {"message", {{"text", "not observed: ./bank (static)"}}}}}));
}

TEST(Sarif, EscapesUrisPlaceholdersAndLinks) {
    const json result = json::parse(of_hostile(render::sarif(facts())))["runs"][0]["results"][0];

    const std::string uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].get<std::string>();
    EXPECT_EQ(uri, "%3Ca%26b%3E%22%5D%5D%3E'%01%0A%3A%3Aerror,file=x%250A%7B0%7D%5Bl%5D(u)%5C%7C%60;%FF%EF%BF%BF");
    EXPECT_THAT(result["message"]["text"].get<std::string>(), testing::HasSubstr("{{0}}[l] (u)"));
}

TEST(Gitlab, IsAnArrayOfFindings) {
    json report = json::parse(of_bank(render::gitlab(facts())));

    ASSERT_EQ(report.size(), 2U);
    EXPECT_THAT(report[0]["content"]["body"].get<std::string>(), testing::StartsWith("DEADLOCK: 2 threads"));
    report[0].erase("content");
    EXPECT_EQ(report[0], json({{"description", "deadlock: T2 and T3 wait for each other"},
                               {"check_name", "loiter.deadlock"},
                               {"fingerprint", "0123456789abcdef"},
                               {"severity", "critical"},
                               {"location", {{"path", "bank.cpp"}, {"lines", {{"begin", 42}}}}},
                               {"categories", json::array({"Bug Risk"})}}));
    EXPECT_EQ(report[1]["severity"], "major");
    EXPECT_EQ(json::parse(render::gitlab(facts())->text()), json::array());
}

TEST(Gitlab, IsJsonWhateverTheNames) {
    EXPECT_EQ(json::parse(of_hostile(render::gitlab(facts()))).size(), 1U);
}

}  // namespace
}  // namespace documents
