// SPDX-License-Identifier: Apache-2.0
//
// Findings as one line each, so that a test can compare all of them at once.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analyze/finding.h"
#include "analyze/wait_for_graph.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {

/// A lock that tests of several verdicts name.
inline const snapshot::Object kTable = support::rwlock(0x60, "g_table");

using Lines = std::vector<std::string>;

inline std::string numbers(const std::vector<uint32_t>& threads) {
    std::string text;
    for (const uint32_t thread : threads) text += " T" + std::to_string(thread);
    return text;
}

/// "proved deadlock: T2 T3, behind: T1".
inline std::string shown(const Finding& finding) {
    std::string text = std::string(word(finding.certainty)) + " " + std::string(word(finding.verdict)) + ":" +
                       numbers(finding.threads);
    if (!finding.behind.empty()) text += ", behind:" + numbers(finding.behind);
    return text;
}

inline Lines shown(const Analysis& analysis) {
    Lines lines;
    for (const Finding& finding : analysis.findings) lines.push_back(shown(finding));
    return lines;
}

inline Lines messages(const Analysis& analysis) {
    Lines lines;
    for (const Finding& finding : analysis.findings) lines.push_back(finding.message);
    return lines;
}

/// "T2: deadlock blocked".
inline Lines applying(const Analysis& analysis) {
    Lines lines;
    for (const auto& [thread, verdicts] : analysis.applies) {
        std::string line = "T" + std::to_string(thread) + ":";
        for (const Verdict verdict : verdicts) line += " " + std::string(word(verdict));
        lines.push_back(line);
    }
    return lines;
}

/// "T3", "T3?" in doubt, "T3 (no hold)", "T3 (queued)".
inline Lines shown(const std::vector<Owner>& owners) {
    Lines lines;
    for (const Owner& owner : owners) {
        std::string line = "T" + std::to_string(owner.thread);
        if (owner.in_doubt && !owner.queued) line += "?";
        if (owner.queued) line += " (queued)";
        if (owner.hold == nullptr && !owner.queued) line += " (no hold)";
        lines.push_back(line);
    }
    return lines;
}

}  // namespace analyze
