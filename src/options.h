// SPDX-License-Identifier: Apache-2.0
//
// The command line. The declarations in options.cpp are the one table of commands and options:
// parsing, help, manual pages and completions come from them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyze/finding.h"
#include "destination.h"
#include "manual/command_table.h"

namespace command {

enum class Command { kRun, kGate, kDump, kReport, kDiff, kAttend, kPs, kDoctor, kHelp, kVersion, kListSuppressions };
enum class Color { kAuto, kAlways, kNever };

struct Options {
    Command command = Command::kHelp;
    std::vector<Destination> destinations{Destination()};  ///< never empty
    Color color = Color::kAuto;
    bool all = false;
    bool full_stacks = false;
    std::optional<std::chrono::milliseconds> held_longer_than;  ///< of locks held for longer the report tells
    bool group_by_functions = false;                            ///< else by all that a reader sees of a stack

    std::vector<std::string> program;  ///< run, gate: CMD and its arguments, never empty
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<std::chrono::milliseconds> watch;
    std::chrono::milliseconds grace{500};
    std::set<analyze::Verdict> fail_on;
    std::vector<std::string> suppressions;  ///< files
    std::string baseline;                   ///< file; empty: none
    std::string write_suppressions;         ///< file that gets an entry for each finding; empty: none
    std::string write_baseline;             ///< file that gets every finding; empty: none
    bool strict = false;                    ///< gate: children that could not be observed fail it
    bool strict_suppressions = false;       ///< entries that nothing needs fail the gate
    bool children = true;                   ///< run, gate: what CMD starts is reported and judged too
    std::string directory;                  ///< run, gate: empty: recordings are not kept; ps: one more folder

    uint32_t pid = 0;           ///< dump, attend
    bool stop_running = false;  ///< dump: running threads, for an instant, for their stacks
    std::string source;         ///< report: file, folder or pid; attend: file, or empty; doctor: CMD or pid
    std::string newer;          ///< diff: what `source` is compared with
    bool last = false;          ///< report: instead of a source, what was left behind last
    bool at_exit = false;       ///< attend: the process is at its end and waits; else: it was sent a signal
    bool prune = false;         ///< ps
    std::string help;           ///< help: the text
};

/// `arguments` without the command's own name. Throws UsageError.
Options parse(const std::vector<std::string>& arguments);

/// All that a user can write there; without what only the library says.
manual::CommandTable command_table();

/// "500ms", "60s", "2m", "1h"; a plain number is seconds. Throws UsageError.
std::chrono::milliseconds parse_duration(const std::string& text);

/// "deadlock,blocked". Throws UsageError.
std::set<analyze::Verdict> parse_verdicts(const std::string& list);

/// A process id; empty when `text` is none.
std::optional<uint32_t> parse_pid(const std::string& text);

}  // namespace command
