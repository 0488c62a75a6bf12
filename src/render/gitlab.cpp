// SPDX-License-Identifier: Apache-2.0
//
// GitLab's code quality report: an array of what is wrong, where. It needs a path for each.
#include <nlohmann/json.hpp>

#include "analyze/frames.h"
#include "render/document.h"
#include "render/render.h"
#include "render/run_findings.h"

namespace render {

namespace {

using Json = nlohmann::ordered_json;

std::string severity_of(const RunFinding& finding) {
    switch (finding.level) {
        case Level::kError: return finding.certainty == analyze::Certainty::kProved ? "critical" : "major";
        case Level::kWarning: return "minor";
        case Level::kNote: return "info";
    }
    return "info";
}

std::string path_of(const RunFindings::Distinct& distinct) {
    const Place& place = distinct.finding->place;
    if (!place.file.empty()) return place.file;
    return place.module.empty() ? distinct.process->program : std::string(analyze::base_name(place.module));
}

std::string write_gitlab(const RunFindings& run) {
    Json all = Json::array();
    for (const RunFindings::Distinct& distinct : run.distinct()) {
        const RunFinding& finding = *distinct.finding;
        const std::string verdict(analyze::word(finding.verdict));
        all.push_back(
            {{"description", verdict + ": " + finding.message},
             {"check_name", "loiter." + verdict},
             {"fingerprint", finding.fingerprint},
             {"severity", severity_of(finding)},
             {"location", {{"path", path_of(distinct)}, {"lines", {{"begin", std::max(finding.place.line, 1)}}}}},
             {"content", {{"body", finding.text}}},
             {"categories", Json::array({"Bug Risk"})}});
    }
    return printable_json(all.dump(1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace

std::unique_ptr<Document> gitlab(const RunFacts& facts) {
    return document_of_findings(facts, write_gitlab);
}

}  // namespace render
