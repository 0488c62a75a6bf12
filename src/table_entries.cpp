// SPDX-License-Identifier: Apache-2.0
#include "table_entries.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "destination.h"

namespace command {
namespace {

struct StatusRow {
    std::vector<Command> commands;
    const char* status;
    const char* meaning;
};
const StatusRow kStatuses[] = {
    {{Command::kRun}, "CMD's", "CMD has ended; 128 and the signal's number when a signal ended it"},
    {{Command::kGate}, "CMD's", "CMD failed: its own failure wins over all that follows"},
    {{Command::kGate}, "0", "CMD succeeded, and nothing was found that fails the gate"},
    {{Command::kGate}, "86", "Findings, also when they came with --timeout"},
    {{Command::kRun}, "124", "--timeout expired"},
    {{Command::kGate}, "124", "--timeout expired without a finding"},
    {{Command::kGate}, "125", "CMD could not be observed, or a child of CMD under --strict"},
    {{Command::kRun, Command::kGate}, "126", "CMD cannot be executed"},
    {{Command::kRun, Command::kGate}, "127", "CMD was not found"},
    {{Command::kDump, Command::kReport, Command::kDiff, Command::kPs, Command::kHelp}, "0", "It was done"},
    {{Command::kDoctor}, "0", "It can be observed"},
    {{Command::kDump, Command::kReport, Command::kDiff, Command::kPs},
     "125",
     "Nothing could be read: one line says why, and what to do"},
    {{Command::kDoctor}, "125", "It cannot be observed"},
    {{Command::kRun, Command::kGate}, "2", "Bad usage, an unreadable or an unwritable file: CMD was not started"},
    {{Command::kDump, Command::kReport, Command::kDiff, Command::kPs, Command::kDoctor, Command::kHelp},
     "2",
     "Bad usage, an unreadable or an unwritable file"},
};

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> words;
    for (size_t start = 0; start <= text.size();) {
        const size_t end = std::min(text.find(separator, start), text.size());
        words.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return words;
}

/// What its value may be follows from how the table calls that.
manual::Option entry_of(const CLI::Option& option, bool of_threads) {
    manual::Option entry;
    for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
    entry.description = option.get_description();
    if (option.get_items_expected_max() == 0) return entry;
    entry.value_name = option.get_type_name();
    entry.repeatable = option.get_multi_option_policy() != CLI::MultiOptionPolicy::TakeLast;
    if (entry.value_name.starts_with("FORMAT")) {
        entry.value = manual::Value::kWordAndFile;
        entry.choices = format_words(of_threads);
    } else if (entry.value_name == "LIST") {
        entry.value = manual::Value::kListOfWords;
        entry.choices = analyze::verdict_words();
    } else if (entry.value_name.find('|') != std::string::npos) {
        entry.value = manual::Value::kWord;
        entry.choices = split(entry.value_name, '|');
    } else {
        entry.value = entry.value_name == "FILE"  ? manual::Value::kFile
                      : entry.value_name == "DIR" ? manual::Value::kFolder
                                                  : manual::Value::kText;
    }
    return entry;
}

}  // namespace

std::vector<manual::Option> option_entries(const CLI::App& app, bool of_threads) {
    std::vector<manual::Option> entries;
    for (const CLI::Option* const option : app.get_options()) {
        if (!option->get_positional()) entries.push_back(entry_of(*option, of_threads));
    }
    return entries;
}

manual::Operand operand_of(Command command) {
    switch (command) {
        case Command::kRun:
        case Command::kGate: return manual::Operand::kProgram;
        case Command::kDump: return manual::Operand::kProcess;
        case Command::kReport:
        case Command::kDiff: return manual::Operand::kRecording;
        case Command::kDoctor: return manual::Operand::kProgramOrProcess;
        case Command::kHelp: return manual::Operand::kCommand;
        case Command::kAttend:
        case Command::kPs:
        case Command::kVersion:
        case Command::kListSuppressions: break;
    }
    return manual::Operand::kNone;
}

std::vector<manual::Status> statuses_of(Command command) {
    std::vector<manual::Status> statuses;
    for (const StatusRow& row : kStatuses) {
        const bool is_its_own = std::find(row.commands.begin(), row.commands.end(), command) != row.commands.end();
        if (is_its_own) statuses.push_back({row.status, row.meaning});
    }
    return statuses;
}

std::string status_text(Command command) {
    std::string text = "Exit status:";
    for (const manual::Status& status : statuses_of(command)) {
        const std::string begin = "\n  " + status.status;
        text += begin + std::string(begin.size() < 30 ? 31 - begin.size() : 1, ' ') + status.meaning;
    }
    return text;
}

}  // namespace command
