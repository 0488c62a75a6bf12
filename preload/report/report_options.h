// SPDX-License-Identifier: Apache-2.0
//
// $LOITER_OPTIONS: what a plainly preloaded program is told about its reports. Parsed once, at load.
#pragma once

#include <cstddef>
#include <cstdint>

namespace preload {

struct ReportOptions {
    bool at_exit = true;
    bool on_signal = true;
    int signal = 10;         ///< SIGUSR1; 0: none
    int64_t grace_ms = 500;  ///< for leftover threads at the end
    bool json = false;
    bool all = false;  ///< healthy threads too
    bool full_stacks = false;
    bool group_by_functions = false;
    const char* color = "auto";    ///< auto, always or never
    char directory[1024] = "";     ///< recordings are kept here; empty: nowhere
    char suppressions[1024] = "";  ///< file; empty: none
    char log_path[1024] = "";      ///< reports go to this name, a dot and the pid; empty: standard error
};

/// Reads `text`, "key=value:key=value" with a ":" in a value written "\:". What is right counts, also
/// beside what is wrong. Writes to `problem` one line, without its newline, about the first thing that
/// is wrong; empty: nothing is. `wants_help`: the list of keys was asked for.
void parse_report_options(const char* text, ReportOptions& options, char* problem, size_t size, bool& wants_help);

/// The list of keys, some lines.
extern const char kReportOptionsHelp[];

}  // namespace preload
