// SPDX-License-Identifier: Apache-2.0
//
// Completion for bash: the table as shell code, and functions that walk the command line with it. Works with
// bash alone; where the bash-completion package is loaded, CMD's own arguments are completed by CMD's rules.
#include <fmt/format.h>

#include "manual/manual.h"

namespace manual {
namespace {

constexpr char kBashFunctions[] = R"BASH(
# What may stand for a value: the kind, then its words.
_loiter_reply() {
    local current=$1 kind=$2 start
    shift 2
    case $kind in
        word) COMPREPLY=($(compgen -W "$*" -- "$current")) ;;
        list)
            start=${current%"${current##*,}"}
            COMPREPLY=($(compgen -P "$start" -W "$*" -- "${current##*,}"))
            compopt -o nospace 2> /dev/null
            ;;
        word_and_file)
            if [[ $current == *=* ]]; then
                compopt -o filenames 2> /dev/null
                mapfile -t COMPREPLY < <(compgen -P "${current%%=*}=" -f -- "${current#*=}")
            else
                COMPREPLY=($(compgen -W "$*" -- "$current"))
            fi
            ;;
        file)
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        folder)
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            ;;
    esac
}

_loiter_processes() {
    (cd /proc && printf '%s ' [0-9]*)
}

_loiter_operand() {
    local current=$1
    case $2 in
        program) mapfile -t COMPREPLY < <(compgen -c -- "$current"; compgen -d -- "$current") ;;
        process) COMPREPLY=($(compgen -W "$(_loiter_processes)" -- "$current")) ;;
        program_or_process)
            mapfile -t COMPREPLY < <(compgen -c -- "$current"; compgen -W "$(_loiter_processes)" -- "$current")
            ;;
        recording)
            compopt -o filenames 2> /dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current"; compgen -W "$(_loiter_processes)" -- "$current")
            ;;
        command) COMPREPLY=($(compgen -W "$_loiter_commands" -- "$current")) ;;
    esac
}

# The arguments of CMD, which begins at this word of the line.
_loiter_program() {
    local delegate
    for delegate in _comp_command_offset _command_offset; do
        declare -F "$delegate" > /dev/null || continue
        "$delegate" "$1"
        return
    done
    compopt -o filenames 2> /dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}

_loiter() {
    COMPREPLY=()
    # Whole words, wherever bash breaks them: "--format=junit=out.xml" is one.
    local words=() starts=() i word is_open=
    for ((i = 1; i <= COMP_CWORD; ++i)); do
        word=${COMP_WORDS[i]}
        if [[ ${#words[@]} -gt 0 && ($is_open || $word == [=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
            starts+=("$i")
        fi
        is_open=
        [[ $word == [=:] ]] && is_open=1
    done

    local command= option= is_program= options= valued= operand=
    _loiter_of ''
    for ((i = 0; i < ${#words[@]} - 1; ++i)); do
        word=${words[i]}
        if [[ $option ]]; then
            option=
        elif [[ $is_program || ($operand == program && $command && $word != -*) ]]; then
            _loiter_program "${starts[i]}"
            return
        elif [[ $word == -- ]]; then
            is_program=$command
        elif [[ " $valued " == *" $word "* ]]; then
            option=$word
        elif [[ ! $command && $word != -* ]]; then
            command=$word
            _loiter_of "$command"
        fi
    done

    # What bash replaces begins behind the last break.
    local current=${words[-1]} cut= breaks=${COMP_WORDBREAKS//[^=:]/}
    [[ $breaks && $current == *[$breaks]* ]] && cut=${current%"${current##*[$breaks]}"}

    if [[ $option ]]; then
        _loiter_reply "$current" $(_loiter_value "$command" "$option")
    elif [[ $is_program ]]; then
        _loiter_operand "$current" "$operand"
    elif [[ $current == --*=* ]]; then
        option=${current%%=*}
        if [[ " $valued " == *" $option "* ]]; then
            _loiter_reply "${current#*=}" $(_loiter_value "$command" "$option")
            COMPREPLY=("${COMPREPLY[@]/#/$option=}")
        fi
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$current"))
    elif [[ $command ]]; then
        _loiter_operand "$current" "$operand"
    else
        COMPREPLY=($(compgen -W "$_loiter_commands" -- "$current"))
    fi
    [[ $cut ]] && COMPREPLY=("${COMPREPLY[@]#"$cut"}")
    return 0
}

complete -F _loiter loiter
)BASH";

std::string kind_of(Value value) {
    switch (value) {
        case Value::kWord: return "word";
        case Value::kListOfWords: return "list";
        case Value::kWordAndFile: return "word_and_file";
        case Value::kFile: return "file";
        case Value::kFolder: return "folder";
        case Value::kText:
        case Value::kNone: break;
    }
    return "text";
}

std::string kind_of(Operand operand) {
    switch (operand) {
        case Operand::kProgram: return "program";
        case Operand::kProcess: return "process";
        case Operand::kProgramOrProcess: return "program_or_process";
        case Operand::kRecording: return "recording";
        case Operand::kCommand: return "command";
        case Operand::kNone: break;
    }
    return "none";
}

std::string options_of(const std::string& command, const std::vector<Option>& options, Operand operand) {
    std::vector<std::string> all;
    std::vector<std::string> valued;
    for (const Option& option : options) {
        all.insert(all.end(), option.names.begin(), option.names.end());
        if (option.value != Value::kNone) valued.insert(valued.end(), option.names.begin(), option.names.end());
    }
    return fmt::format(
        "        '{}')\n            options='{}'\n            valued='{}'\n            operand={}\n            ;;\n",
        command, joined(all), joined(valued), kind_of(operand));
}

std::string values_of(const std::string& command, const std::vector<Option>& options) {
    std::string text;
    for (const Option& option : options) {
        if (option.value == Value::kNone) continue;
        std::string pattern;
        for (const std::string& name : option.names)
            pattern += fmt::format("{}'{} {}'", pattern.empty() ? "" : " | ", command, name);
        std::vector<std::string> words = {kind_of(option.value)};
        words.insert(words.end(), option.choices.begin(), option.choices.end());
        text += fmt::format("        {}) echo {} ;;\n", pattern, joined(words));
    }
    return text;
}

}  // namespace

std::string bash_completion(const CommandTable& table) {
    std::string commands;
    std::string options = options_of("", table.options, Operand::kNone);
    std::string values = values_of("", table.options);
    for (const Command& command : table.commands) {
        commands += (commands.empty() ? "" : " ") + command.name;
        options += options_of(command.name, command.options, command.operand);
        values += values_of(command.name, command.options);
    }
    return fmt::format(
        "# Completion of loiter for bash. Made of the command line's own table, by loiter help --completion bash.\n\n"
        "_loiter_commands='{}'\n\n"
        "_loiter_of() {{\n    case $1 in\n{}        *) options= valued= operand= ;;\n    esac\n}}\n\n"
        "_loiter_value() {{\n    case \"$1 $2\" in\n{}    esac\n}}\n{}",
        commands, options, values, kBashFunctions);
}

}  // namespace manual
