// SPDX-License-Identifier: Apache-2.0
//
// Completion for zsh, by _arguments: see "Completion System" in its manual.
#include <fmt/format.h>

#include "manual/manual.h"

namespace manual {
namespace {

/// Within single quotes, and where brackets and colons have a meaning.
std::string in_zsh_quotes(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\''";
            continue;
        }
        if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
        result += c;
    }
    return result;
}

std::string action_of(const Option& option) {
    switch (option.value) {
        case Value::kWord: return fmt::format("({})", joined(option.choices));
        case Value::kListOfWords: return fmt::format("{{_values -s , word {}}}", joined(option.choices));
        case Value::kWordAndFile: return fmt::format("{{_loiter_word_and_file {}}}", joined(option.choices));
        case Value::kFile: return "_files";
        case Value::kFolder: return "_files -/";
        case Value::kText:
        case Value::kNone: break;
    }
    return " ";
}

std::string operand_of(Operand operand) {
    switch (operand) {
        case Operand::kProgram: return " \\\n        '(-)1:program:_command_names -e' '*::argument:_normal'";
        case Operand::kProcess: return " \\\n        '1:process:_loiter_processes'";
        case Operand::kProgramOrProcess:
            return " \\\n        '1:program or process:_alternative \"programs:program:_command_names -e\" "
                   "\"processes:process:_loiter_processes\"'";
        case Operand::kRecording:
            return " \\\n        '*:recording:_alternative \"files:recording:_files\" "
                   "\"processes:process:_loiter_processes\"'";
        case Operand::kCommand: return " \\\n        '1:command:_loiter_commands'";
        case Operand::kNone: break;
    }
    return "";
}

std::string specifications(const std::vector<Option>& options) {
    std::string text;
    for (const Option& option : options) {
        for (const std::string& name : option.names) {
            const bool is_long = name.starts_with("--");
            const bool has_value = option.value != Value::kNone;
            text += fmt::format(" \\\n        '{}{}{}[{}]", option.repeatable ? "*" : "", name,
                                has_value && is_long ? "=" : "", in_zsh_quotes(option.description));
            if (has_value) text += fmt::format(":{}:{}", in_zsh_quotes(option.value_name), action_of(option));
            text += "'";
        }
    }
    return text;
}

constexpr char kBegin[] = R"ZSH(#compdef loiter
# Completion of loiter for zsh. Made of the command line's own table, by loiter help --completion zsh.

_loiter_word_and_file() {
    if compset -P '*='; then
        _files
    else
        compadd -S '' -- "$@"
    fi
}

_loiter_processes() {
    compadd "$@" -- /proc/<->(/:t)
}
)ZSH";

}  // namespace

std::string zsh_completion(const CommandTable& table) {
    std::string commands;
    std::string cases;
    for (const Command& command : table.commands) {
        commands += fmt::format("        '{}:{}'\n", command.name, in_zsh_quotes(command.description));
        cases += fmt::format("    {})\n        _arguments -S{}{}\n        ;;\n", command.name,
                             specifications(command.options), operand_of(command.operand));
    }
    return fmt::format(
        "{}\n_loiter_commands() {{\n    local -a commands=(\n{}    )\n    _describe -t commands command "
        "commands\n}}\n\n"
        "_loiter() {{\n    local curcontext=$curcontext state state_descr\n    local -a line\n"
        "    typeset -A opt_args\n    _arguments -C{} \\\n        '1:command:_loiter_commands' \\\n"
        "        '*::argument:->arguments'\n    [[ $state == arguments ]] || return\n    case $line[1] in\n{}    "
        "esac\n}}\n\n"
        "if [[ $funcstack[1] == _loiter ]]; then\n    _loiter \"$@\"\nelse\n    compdef _loiter loiter\nfi\n",
        kBegin, commands, specifications(table.options), cases);
}

}  // namespace manual
