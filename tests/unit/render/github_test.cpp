// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/render/documents.h"

namespace documents {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (size_t start = 0; start < text.size();) {
        const size_t end = std::min(text.find('\n', start), text.size());
        lines.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return lines;
}

TEST(Github, HasACommandForEachFindingStrongestFirst) {
    const auto lines = lines_of(of_bank(render::github(facts())));

    ASSERT_EQ(lines.size(), 2U);
    EXPECT_THAT(lines[0], StartsWith("::error file=bank.cpp,line=42,title=deadlock in bank::T2 and T3 wait for each "
                                     "other%0A%0ADEADLOCK: 2 threads wait for each other%0A  T2 \"teller\""));
    EXPECT_THAT(lines[1], StartsWith("::error file=jobs.cpp,line=12,title=blocked in bank::2 threads blocked in"));
}

TEST(Github, CountsTheProcessesOfAFinding) {
    const auto document = render::github(facts());
    for (const uint32_t pid : {10U, 11U}) {
        support::SnapshotBuilder bank;
        fill_bank(bank);
        bank.process().pid = pid;
        const snapshot::Snapshot snapshot = bank.build();
        document->add(snapshot, bank_analysis(snapshot, {bank_findings()[1]}));
    }

    const auto lines = lines_of(document->text());

    ASSERT_EQ(lines.size(), 1U);
    EXPECT_THAT(lines[0], HasSubstr("title=blocked in bank (in 2 processes)::"));
}

TEST(Github, TellsHowSureItIs) {
    report::Findings findings = bank_findings();
    findings[0].certainty = analyze::Certainty::kLikely;
    findings[1].certainty = analyze::Certainty::kPossible;

    const auto lines = lines_of(of_bank(render::github(facts()), findings));

    EXPECT_THAT(lines[0], StartsWith("::warning "));
    EXPECT_THAT(lines[1], StartsWith("::notice "));
}

TEST(Github, LeavesOutWhatIsAccepted) {
    report::Findings findings = bank_findings();
    findings[0].suppressed_by = "ci.supp:3";

    EXPECT_EQ(lines_of(of_bank(render::github(facts()), findings)).size(), 1U);
}

TEST(Github, EscapesWhatWouldEndACommandOrStartAnother) {
    const auto lines = lines_of(of_hostile(render::github(facts())));

    ASSERT_EQ(lines.size(), 1U);
    const std::string properties = lines[0].substr(0, lines[0].find("::", 2));
    EXPECT_EQ(std::count(properties.begin(), properties.end(), ','), 2);
    EXPECT_THAT(properties, HasSubstr("%3A%3Aerror%2Cfile=x%250A"));
}

TEST(StepSummary, IsATableThatNamesCannotBreak) {
    const std::string bank = of_bank(render::markdown(facts()));
    EXPECT_EQ(bank, R"(### loiter: ./bank --open

1 process observed, 2 findings

| | finding | place | program |
|---|---|---|---|
| ❌ | **deadlock**: T2 and T3 wait for each other | transfer(int, int) at bank.cpp:42 | ./bank --open |
| ❌ | **blocked**: 2 threads blocked in cond wait | Jobs::take() at jobs.cpp:12 | ./bank --open |

)");

    const std::string odd = of_hostile(render::markdown(facts()));
    for (const std::string& line : lines_of(odd)) {
        if (line.starts_with("| ❌")) {
            EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 5) << line;
        }
        EXPECT_EQ(line.find("<a"), std::string::npos);
    }
}

}  // namespace
}  // namespace documents
