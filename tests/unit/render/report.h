// SPDX-License-Identifier: Apache-2.0
//
// Findings made by hand and the text they give, for tests of the text report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analyze/finding.h"
#include "render/render.h"
#include "tests/support/snapshot_builder.h"

namespace report {

using Findings = std::vector<analyze::Finding>;

inline analyze::Finding finding(analyze::Verdict verdict, std::vector<uint32_t> threads, std::string message = "") {
    analyze::Finding made;
    made.verdict = verdict;
    made.certainty = verdict < analyze::Verdict::kBlocked ? analyze::Certainty::kProved : analyze::Certainty::kFact;
    made.threads = std::move(threads);
    made.message = std::move(message);
    made.fingerprint = "0123456789abcdef";
    return made;
}

inline analyze::Analysis analysis(const snapshot::Snapshot& snapshot, Findings findings) {
    analyze::Analysis made;
    made.findings = std::move(findings);
    made.counts.threads = static_cast<uint32_t>(snapshot.threads.size());
    return made;
}

inline std::string text(const support::SnapshotBuilder& builder, Findings findings, render::TextOptions options = {}) {
    const snapshot::Snapshot snapshot = builder.build();
    return "\n" + render::text(snapshot, analysis(snapshot, std::move(findings)), options);
}

inline std::string text_of_all(const support::SnapshotBuilder& builder, Findings findings = {}) {
    render::TextOptions options;
    options.all = true;
    return text(builder, std::move(findings), options);
}

/// The first line of `text`, which begins with the newline of a raw string.
inline std::string head(const std::string& text) {
    return text.substr(1, text.find('\n', 1) - 1);
}

/// The lines from the one that begins with `start` to the next blank line.
inline std::string block(const std::string& text, const std::string& start) {
    const size_t from = text.find("\n" + start);
    if (from == std::string::npos) return "no block " + start + " in" + text;
    return "\n" + text.substr(from + 1, text.find("\n\n", from + 1) - from);
}

/// The block of T2, the only thread with a finding.
inline std::string block_of_t2(const support::SnapshotBuilder& builder) {
    return block(text(builder, {finding(analyze::Verdict::kBlocked, {2})}), "T2 ");
}

inline const support::Frames kStuck = {support::frame("stuck()", "bank.cpp", 10)};
inline const support::Frames kWork = {support::frame("work()", "bank.cpp", 30)};

}  // namespace report
