// SPDX-License-Identifier: Apache-2.0
//
// What the command line takes, as plain values: filled from the very declarations that parse it, so that
// manual pages and completions cannot say anything else.
#pragma once

#include <string>
#include <vector>

namespace manual {

/// What may stand for an option's value.
enum class Value {
    kNone,         ///< it is a flag
    kWord,         ///< one of `choices`
    kListOfWords,  ///< some of `choices`, with commas between
    kWordAndFile,  ///< one of `choices`, or that, "=" and a file
    kFile,
    kFolder,
    kText,
};

struct Option {
    std::vector<std::string> names;  ///< "-h", "--help"
    std::string value_name;          ///< "TIME"; empty: it is a flag
    std::string description;
    Value value = Value::kNone;
    std::vector<std::string> choices;
    bool repeatable = false;
};

enum class Operand { kNone, kProgram, kProcess, kProgramOrProcess, kRecording, kCommand };

/// An exit status, and what it says.
struct Status {
    std::string status;
    std::string meaning;
};

struct Command {
    std::string name;
    std::string arguments;  ///< "[options] [--] CMD [ARG...]"
    std::string description;
    std::vector<Option> options;
    Operand operand = Operand::kNone;
    std::vector<Status> statuses;
};

struct CommandTable {
    std::string description;
    std::string version;
    std::string date;  ///< of that version, 2026-11-21
    std::vector<Option> options;
    std::vector<Command> commands;
};

/// Null: there is none of that name.
const Command* find_command(const CommandTable& table, const std::string& name);

/// With a space between any two.
std::string joined(const std::vector<std::string>& words);

}  // namespace manual
