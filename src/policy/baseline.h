// SPDX-License-Identifier: Apache-2.0
//
// A baseline: the findings that were there when a team began to look, by their fingerprints. Only new
// ones fail.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "analyze/finding.h"

namespace policy {

struct Baseline {
    /// What each finding said, by its fingerprint.
    std::map<std::string, std::string> messages;

    void add(const analyze::Finding& finding) { messages.emplace(finding.fingerprint, finding.message); }
};

/// `file` is named in the error. Throws Error for a text that is no baseline.
Baseline parse_baseline(std::string_view text, const std::string& file);

/// One finding a line, sorted: it is read in reviews and merged.
std::string write_baseline(const Baseline& baseline);

}  // namespace policy
