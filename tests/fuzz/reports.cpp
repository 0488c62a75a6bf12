// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/reports.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "analyze/comparison.h"
#include "analyze/finding.h"
#include "analyze/wait_meaning.h"
#include "policy/baseline.h"
#include "policy/policy.h"
#include "policy/saved_report.h"
#include "policy/suppression.h"
#include "policy/suppression_writer.h"
#include "render/comparison.h"
#include "render/document.h"
#include "render/render.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/well_formed.h"

namespace fuzz {

namespace {

using nlohmann::json;
using snapshot::Snapshot;

bool is_json(const std::string& text) {
    return is_harmless(text) && json::accept(text);
}

/// Calls `check` for each line of a text that ends with one.
template <typename Check>
void for_each_line(const std::string& text, Check check) {
    expect(text.empty() || text.back() == '\n', "ends with a line feed", text);
    for (size_t start = 0; start < text.size();) {
        const size_t end = text.find('\n', start);
        check(text.substr(start, end - start));
        start = end + 1;
    }
}

void expect_sound_text(const Snapshot& snapshot, const analyze::Analysis& analysis) {
    for (const bool color : {false, true}) {
        const std::string text = render::text(
            snapshot, analysis, {.color = color, .all = true, .full_stacks = color, .group_by_functions = color});
        expect(is_harmless(text, color), "a text report is harmless", text);
    }
    expect(is_harmless(render::text(snapshot, analysis, {.judges = false})), "a text report of findings is harmless");
}

void expect_sound_json(const Snapshot& snapshot, const analyze::Analysis& analysis) {
    const std::string report = render::json(snapshot, analysis);
    expect(report.find('\n') == std::string::npos && is_json(report), "a JSON report is one line of JSON", report);
    const analyze::Digest saved = policy::digest_of_report(report, "report");
    analyze::Digest own;
    own.add(snapshot, analysis);
    for (const analyze::Comparison& comparison : {analyze::compare({}, own), analyze::compare(own, saved)}) {
        expect(is_harmless(render::text(comparison, false)), "a comparison is harmless");
        expect(is_harmless(render::text(comparison, true), true), "a colored comparison is harmless");
        expect(is_json(render::json(comparison)), "a comparison is JSON");
    }
}

std::string document(std::unique_ptr<render::Document> document, const Snapshot& snapshot,
                     const analyze::Analysis& analysis) {
    document->add(snapshot, analysis);
    document->add(render::Unobserved{snapshot.process.exe, snapshot.process.exe, 2, true});
    return document->text();
}

void expect_sound_documents(const Snapshot& snapshot, const analyze::Analysis& analysis) {
    render::RunFacts facts;
    facts.version = "1";
    facts.source_root = "/src";
    if (!snapshot.process.command.empty()) facts.command = snapshot.process.command.front();
    facts.fail_on = {analyze::Verdict::kBlocked, analyze::Verdict::kDeadlock};
    const std::string junit = document(render::junit(facts), snapshot, analysis);
    expect(is_harmless(junit) && is_xml(junit), "junit is XML", junit);
    const std::string sarif = document(render::sarif(facts), snapshot, analysis);
    expect(is_json(sarif), "sarif is JSON", sarif);
    const std::string gitlab = document(render::gitlab(facts), snapshot, analysis);
    expect(is_json(gitlab), "gitlab is JSON", gitlab);
    const std::string github = document(render::github(facts), snapshot, analysis);
    expect(is_harmless(github), "workflow commands are harmless", github);
    for_each_line(github, [](const std::string& line) {
        const bool is_command =
            line.starts_with("::error ") || line.starts_with("::warning ") || line.starts_with("::notice ");
        expect(is_command && line.find("::", 2) != std::string::npos, "a line is a workflow command", line);
    });
    const std::string markdown = document(render::markdown(facts), snapshot, analysis);
    expect(is_harmless(markdown) && markdown.find('<') == std::string::npos, "a step summary has no HTML", markdown);
    const std::string folded = document(render::folded(facts), snapshot, analysis);
    expect(is_harmless(folded), "folded stacks are harmless", folded);
    for_each_line(folded, [](const std::string& line) {
        const size_t space = line.rfind(' ');
        expect(space != std::string::npos && line.find_first_not_of("0123456789", space + 1) == std::string::npos,
               "a folded stack ends with a count", line);
    });
    const std::string dot = document(render::dot(facts), snapshot, analysis);
    expect(is_harmless(dot) && has_closed_quotes(dot), "a graph is harmless", dot);
    document(render::pprof(facts), snapshot, analysis);
}

void expect_sound_policies(const Snapshot& snapshot, analyze::Analysis& analysis) {
    policy::Baseline baseline;
    for (const analyze::Finding& finding : analysis.findings) {
        baseline.add(finding);
        const std::string entry = policy::write_suppression(snapshot, finding);
        expect(is_harmless(entry), "a written suppression is harmless", entry);
        for (const policy::Suppression& parsed : policy::parse_suppressions(entry, "written"))
            expect(policy::fits(parsed, snapshot, finding), "a written suppression fits", entry);
    }
    const std::string text = policy::write_baseline(baseline);
    expect(is_harmless(text), "a baseline is harmless", text);
    expect(policy::parse_baseline(text, "written").messages.size() == baseline.messages.size(),
           "a written baseline is read again", text);
    policy::Policy policy;
    policy.set_baseline(std::move(baseline), "written");
    policy.apply(snapshot, analysis);
    for (const analyze::Finding& finding : analysis.findings)
        expect(finding.suppressed_by.has_value(), "what the baseline has is accepted", finding.message);
}

}  // namespace

void expect_sound_reports(Snapshot snapshot) {
    analyze::name_waits(snapshot);
    analyze::Analysis analysis = analyze::analyze(snapshot, 1.0);
    expect_sound_text(snapshot, analysis);
    expect_sound_json(snapshot, analysis);
    expect_sound_documents(snapshot, analysis);
    expect_sound_policies(snapshot, analysis);
}

void expect_sound_reports_mostly(Bytes input, Snapshot snapshot) {
    if (std::hash<std::string_view>()(text_of(input)) % 4 == 0) return expect_sound_reports(std::move(snapshot));
    analyze::name_waits(snapshot);
    const analyze::Analysis analysis = analyze::analyze(snapshot);
    expect(is_harmless(render::text(snapshot, analysis, {.all = true})), "a text report is harmless");
    const std::string report = render::json(snapshot, analysis);
    expect(report.find('\n') == std::string::npos && is_json(report), "a JSON report is one line of JSON", report);
}

void expect_one_line(const std::string& message) {
    expect(!message.empty() && message.find('\n') == std::string::npos, "a message is one line", message);
}

}  // namespace fuzz
