// SPDX-License-Identifier: Apache-2.0
//
// Snapshot and findings to text and JSON, in the shapes of `interface.md`. Touches no process and no file.
#pragma once

#include <string>
#include <vector>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace render {

struct TextOptions {
    bool color = false;
    bool all = false;          ///< healthy threads too
    bool judges = true;        ///< leftover threads at the end are failures, not only findings
    bool full_stacks = false;  ///< do not fold frames of libc and the language runtime
    /// Equal functions make a group, whatever their lines and the locks that are waited for.
    bool group_by_functions = false;
};

/// The text report; ends with a newline. Empty when there is neither a finding nor `all`.
std::string text(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis, const TextOptions& options);

/// The JSON object of one process, on one line, without a newline.
std::string json(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis);

/// "3.2s", "12m4s", "2h3m": two units at most.
std::string duration(double seconds);

/// `text` with control characters and invalid UTF-8 made harmless for a terminal.
std::string printable(const std::string& text);

/// JSON as a library wrote it, valid UTF-8, with what JSON may hold but a terminal would obey escaped.
std::string printable_json(const std::string& text);

}  // namespace render
