// SPDX-License-Identifier: Apache-2.0
//
// Completion for fish: a line an option, each under the condition that its command was given.
#include <fmt/format.h>

#include "manual/manual.h"

namespace manual {
namespace {

std::string in_fish_quotes(const std::string& text) {
    std::string result;
    for (const char c : text) {
        if (c == '\'' || c == '\\') result += '\\';
        result += c;
    }
    return "'" + result + "'";
}

std::string candidates_of(const Option& option) {
    switch (option.value) {
        case Value::kNone: return "";
        case Value::kWord: return " -x -a " + in_fish_quotes(joined(option.choices));
        case Value::kListOfWords: return " -x -a " + in_fish_quotes("(__loiter_list " + joined(option.choices) + ")");
        case Value::kWordAndFile:
            return " -x -a " + in_fish_quotes("(__loiter_word_and_file " + joined(option.choices) + ")");
        case Value::kFile: return " -r -F";
        case Value::kFolder: return " -x -a '(__fish_complete_directories)'";
        case Value::kText: return " -x";
    }
    return "";
}

std::string lines_of(const std::string& condition, const std::vector<Option>& options) {
    std::string text;
    for (const Option& option : options) {
        text += "complete -c loiter -n " + condition;
        for (const std::string& name : option.names)
            text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        text += candidates_of(option) + " -d " + in_fish_quotes(option.description) + "\n";
    }
    return text;
}

std::vector<std::string> valued(const Command& command) {
    std::vector<std::string> names;
    for (const Option& option : command.options) {
        if (option.value != Value::kNone) names.insert(names.end(), option.names.begin(), option.names.end());
    }
    return names;
}

std::string operand_of(const Command& command) {
    switch (command.operand) {
        case Operand::kProgram:
            return " -x -a " +
                   in_fish_quotes("(__fish_complete_subcommand --fcs-skip=2 " + joined(valued(command)) + ")");
        case Operand::kProcess: return " -x -a '(__fish_complete_pids)'";
        case Operand::kProgramOrProcess: return " -x -a '(__fish_complete_command; __fish_complete_pids)'";
        case Operand::kRecording: return " -F -a '(__fish_complete_pids)'";
        case Operand::kCommand: return " -x -a '(__loiter_commands)'";
        case Operand::kNone: break;
    }
    return "";
}

constexpr char kFishFunctions[] =
    R"FISH(# Completion of loiter for fish. Made of the command line's own table, by loiter help --completion fish.

# True before a command was given.
function __loiter_is_bare
    set -l words (commandline -opc)
    test (count $words) -lt 2; or string match -q -- '-*' $words[-1]
end

# True in this command's own options: `loiter run CMD` has none behind CMD. Further arguments: options with values.
function __loiter_is_in
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]; or return 1
    __loiter_runs $argv[1]; or return 0
    set -l takes_value $argv[2..-1]
    set -l is_value 0
    for word in $words[3..-1]
        if test $is_value = 1
            set is_value 0
        else if contains -- $word $takes_value
            set is_value 1
        else if test "$word" = --; or not string match -q -- '-*' $word
            return 1
        end
    end
end

function __loiter_is
    set -l words (commandline -opc)
    test "$words[2]" = $argv[1]
end

function __loiter_value
    string replace -r -- '^--[a-z-]+=' '' (commandline -ct)
end

function __loiter_list
    set -l begun (string match -r -- '.*,' (__loiter_value))
    for word in $argv
        echo $begun$word
    end
end

function __loiter_word_and_file
    set -l value (__loiter_value)
    if string match -q -- '*=*' $value
        set -l word (string split -m 1 = -- $value)
        for file in (__fish_complete_path $word[2])
            echo $word[1]=$file
        end
    else
        printf '%s\n' $argv
    end
end

)FISH";

}  // namespace

std::string fish_completion(const CommandTable& table) {
    std::string commands;
    std::string running;
    std::string lines = "complete -c loiter -f\n" + lines_of("__loiter_is_bare", table.options);
    lines += "complete -c loiter -n __loiter_is_bare -a '(__loiter_commands)'\n";
    for (const Command& command : table.commands) {
        commands += fmt::format("    printf '%s\\t%s\\n' {} {}\n", command.name, in_fish_quotes(command.description));
        if (command.operand == Operand::kProgram) running += " " + command.name;
        std::string condition = "__loiter_is_in " + command.name;
        if (command.operand == Operand::kProgram) condition += " " + joined(valued(command));
        lines += lines_of(in_fish_quotes(condition), command.options);
        const std::string operand = operand_of(command);
        if (!operand.empty()) lines += "complete -c loiter -n '__loiter_is " + command.name + "'" + operand + "\n";
    }
    return fmt::format(
        "{}function __loiter_commands\n{}end\n\nfunction __loiter_runs\n    contains -- $argv[1]{}\nend\n\n{}",
        kFishFunctions, commands, running, lines);
}

}  // namespace manual
