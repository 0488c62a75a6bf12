// SPDX-License-Identifier: Apache-2.0
//
// Workflow commands: GitHub shows ten of each level, so a finding has one, however many processes have it,
// and the strongest come first. The step summary lists all.
#include <fmt/format.h>

#include <algorithm>

#include "render/document.h"
#include "render/render.h"
#include "render/run_findings.h"

namespace render {

namespace {

/// As GitHub's own toolkit escapes: in properties also what separates them.
std::string escaped(const std::string& text, bool is_property) {
    std::string out;
    for (const char c : text) {
        const bool separates = is_property && (c == ':' || c == ',');
        if (c == '%' || c == '\r' || c == '\n' || separates)
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

std::string_view command_of(Level level) {
    switch (level) {
        case Level::kError: return "error";
        case Level::kWarning: return "warning";
        case Level::kNote: return "notice";
    }
    return "notice";
}

std::string in_processes(size_t count) {
    return count == 1 ? "" : fmt::format(" (in {} processes)", count);
}

std::string annotation(const RunFindings::Distinct& distinct) {
    const RunFinding& finding = *distinct.finding;
    std::string properties;
    if (!finding.place.file.empty()) {
        properties = "file=" + escaped(printable(finding.place.file), true) + ",";
        if (finding.place.line > 0) properties += fmt::format("line={},", finding.place.line);
    }
    const std::string title = fmt::format("{} in {}{}", analyze::word(finding.verdict), distinct.process->program,
                                          in_processes(distinct.processes));
    const std::string body = finding.message + (finding.text.empty() ? "" : "\n\n" + finding.text);
    return fmt::format("::{} {}title={}::{}\n", command_of(finding.level), properties, escaped(title, true),
                       escaped(body, false));
}

std::string write_commands(const RunFindings& run) {
    std::string lines;
    for (const RunFindings::Distinct& distinct : run.distinct()) lines += annotation(distinct);
    for (const Unobserved& unobserved : run.unobserved()) {
        if (unobserved.is_command)
            lines += fmt::format("::warning title=not observed::{}\n",
                                 escaped(printable(unobserved.program + ": " + unobserved.why), false));
    }
    return lines;
}

/// In a cell of a table, where `|` ends it and HTML is HTML.
std::string cell(std::string text) {
    constexpr std::string_view kMarkup = "\\`*_{}[]<>|#~&!$";
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    std::string out;
    for (const char c : printable(text)) {
        if (kMarkup.find(c) != std::string_view::npos) {
            out += fmt::format("&#{};", static_cast<int>(c));
        } else {
            out += c;
        }
    }
    return out;
}

std::string write_summary(const RunFindings& run) {
    const auto distinct = run.distinct();
    std::string text = "### loiter" + (run.facts().command.empty() ? "" : ": " + cell(run.facts().command)) + "\n\n";
    size_t suppressed = 0;
    for (const RunProcess& process : run.processes()) {
        for (const RunFinding& finding : process.findings) suppressed += finding.suppressed_by ? 1 : 0;
    }
    text += fmt::format("{} {} observed, {} {}{}\n", run.processes().size(),
                        run.processes().size() == 1 ? "process" : "processes", distinct.size(),
                        distinct.size() == 1 ? "finding" : "findings",
                        suppressed == 0 ? "" : fmt::format(", {} accepted", suppressed));
    if (!distinct.empty()) text += "\n| | finding | place | program |\n|---|---|---|---|\n";
    for (const RunFindings::Distinct& one : distinct) {
        const RunFinding& finding = *one.finding;
        text += fmt::format("| {} | **{}**: {} | {} | {}{} |\n", finding.fails ? "❌" : "⚠️",
                            analyze::word(finding.verdict), cell(finding.message), cell(words_of(finding.place)),
                            cell(one.process->command), in_processes(one.processes));
    }
    if (!run.unobserved().empty()) text += "\n";
    for (const Unobserved& unobserved : run.unobserved())
        text += fmt::format("- not observed: {} ({})\n", cell(unobserved.program), cell(unobserved.why));
    return text + "\n";
}

}  // namespace

std::unique_ptr<Document> github(const RunFacts& facts) {
    return document_of_findings(facts, write_commands);
}

std::unique_ptr<Document> markdown(const RunFacts& facts) {
    return document_of_findings(facts, write_summary);
}

}  // namespace render
