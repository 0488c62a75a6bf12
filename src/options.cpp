// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

#include "file_roles.h"
#include "manual/manual.h"
#include "table_entries.h"

namespace command {
namespace {

constexpr char kDefaultFailOn[] = "deadlock,self-deadlock,orphaned-lock,asleep,blocked,alive,unjoined";
constexpr double kLongestSeconds = 365.0 * 24 * 3600;

struct CommandRow {
    Command command;
    const char* name;
    const char* arguments;
    const char* description;
};
constexpr CommandRow kCommands[] = {
    {Command::kRun, "run", "[options] [--] CMD [ARG...]",
     "Run CMD observed; report at its end when there are findings; exit as CMD did"},
    {Command::kGate, "gate", "[options] [--] CMD [ARG...]",
     "Run CMD observed, and fail by policy: 86 findings, 124 timeout, 125 CMD could not be observed"},
    {Command::kDump, "dump", "[options] PID", "Report of a live process now; it is not stopped and sees nothing"},
    {Command::kReport, "report", "[options] FILE|DIR|PID",
     "Report from a recording, saved or left behind by a killed process, or from a core file"},
    {Command::kDiff, "diff", "[options] OLD NEW", "What appeared, grew or went between two recordings or JSON reports"},
    {Command::kAttend, "attend", "[options] exit|signal PID [FILE]",
     "Started by the library in a plainly preloaded process, to report it"},
    {Command::kPs, "ps", "[options]", "Observed processes and recordings on this machine"},
    {Command::kDoctor, "doctor", "[options] CMD|PID", "Can it be observed, and if not, why and what to do"},
    {Command::kHelp, "help", "[options] [COMMAND]", "Print this help, or that of a command"},
};

/// Others list processes, or facts of one; what the library starts appends to what it wrote before.
bool reports_threads(Command kind) {
    return kind == Command::kRun || kind == Command::kGate || kind == Command::kDump || kind == Command::kReport;
}

/// Help in the shape of the table: how each command is called stands in its row.
class HelpFormatter : public CLI::Formatter {
public:
    std::string make_usage(const CLI::App* app, std::string) const override {
        for (const CommandRow& row : kCommands) {
            if (app->get_name() == row.name)
                return std::string("Usage: loiter ") + row.name + " " + row.arguments + "\n";
        }
        return "Usage: loiter COMMAND ...\n";
    }
};

class Parser {
public:
    Parser();
    Options parse(const std::vector<std::string>& arguments);
    manual::CommandTable table() const;

private:
    CLI::App& add(const CommandRow& row);
    void add_value(CLI::App& command, const std::string& name, const std::string& value, const std::string& description,
                   const std::function<void(const std::string&)>& apply);
    void add_printing(CLI::App& command, Command kind);
    void add_running(CLI::App& command, Command kind);
    void add_accepting(CLI::App& command, Command kind);
    void add_file(CLI::App& command, const std::string& name, const std::string& description, std::string& to);
    void add_pid(CLI::App& command);
    void add_attending(CLI::App& command);
    void add_explaining(CLI::App& command);
    void take_program(const CLI::App& command, std::vector<std::string> from_marker);
    const CLI::App& explained(const std::string& command) const;
    std::string help_text(const std::string& command) const;
    std::string what_help_prints() const;

    Options options_;
    CLI::App app_{"loiter: find the threads that never leave", "loiter"};
    std::string help_for_;
    bool as_page_ = false;        ///< help --man
    std::string completion_for_;  ///< help --completion: the shell
    std::vector<std::string> formats_;
    std::string output_;  ///< -o
};

Parser::Parser() {
    app_.formatter(std::make_shared<HelpFormatter>());
    // No command within a command: `loiter run dump` runs a program called dump.
    app_.require_subcommand(0, 1);
    app_.allow_extras();
    app_.add_flag_callback(
        "--version", [this] { options_.command = Command::kVersion; }, "Print the version");
    app_.add_flag_callback(
        "--list-suppressions", [this] { options_.command = Command::kListSuppressions; },
        "Print the suppressions that are built in");
    for (const CommandRow& row : kCommands) {
        CLI::App& command = add(row);
        switch (row.command) {
            case Command::kRun:
            case Command::kGate:
                command.prefix_command();
                add_running(command, row.command);
                add_accepting(command, row.command);
                add_printing(command, row.command);
                break;
            case Command::kDump:
                add_accepting(command, row.command);
                add_printing(command, row.command);
                command.add_flag("--stop-running", options_.stop_running,
                                 "Stop running threads for an instant, for their full stacks");
                add_pid(command);
                break;
            case Command::kReport:
                add_accepting(command, row.command);
                add_printing(command, row.command);
                command.add_flag("--last", options_.last,
                                 "What was left behind last: by a run whose command was killed, or by a program");
                command.add_option("SOURCE", options_.source, "Recording, folder of recordings, or process id")
                    ->type_name("");
                break;
            case Command::kDiff:
                add_printing(command, row.command);
                command
                    .add_option("OLD", options_.source, "Report of --format json, recording, or folder of recordings")
                    ->type_name("")
                    ->required();
                command.add_option("NEW", options_.newer, "The same, of a later moment")->type_name("")->required();
                break;
            case Command::kAttend:
                command.group("");  // the library's own, no user's
                add_accepting(command, row.command);
                add_printing(command, row.command);
                add_attending(command);
                break;
            case Command::kPs:
                add_printing(command, row.command);
                add_value(command, "--dir", "DIR", "Recordings in this folder, too",
                          [this](const std::string& text) { options_.directory = text; });
                command.add_flag("--prune", options_.prune,
                                 "Remove recordings of dead processes: older than 7 days, or beyond the 64 newest");
                break;
            case Command::kDoctor:
                add_printing(command, row.command);
                command.add_option("TARGET", options_.source, "Program, found as run finds it, or process id")
                    ->type_name("")
                    ->required();
                break;
            case Command::kHelp: add_explaining(command); break;
            case Command::kVersion:
            case Command::kListSuppressions: break;
        }
    }
}

CLI::App& Parser::add(const CommandRow& row) {
    CLI::App& command = *app_.add_subcommand(row.name, row.description);
    command.formatter(std::make_shared<HelpFormatter>());
    command.group("Commands");
    command.allow_extras();
    command.callback([this, row] { options_.command = row.command; });
    command.footer(status_text(row.command));
    return command;
}

void Parser::add_value(CLI::App& command, const std::string& name, const std::string& value,
                       const std::string& description, const std::function<void(const std::string&)>& apply) {
    const auto apply_named = [name, apply](const std::string& text) {
        try {
            apply(text);
        } catch (const UsageError& error) {
            throw UsageError(name + ": " + error.what());
        }
    };
    command.add_option_function<std::string>(name, apply_named, description)->type_name(value)->take_last();
}

void Parser::add_printing(CLI::App& command, Command kind) {
    const bool runs = kind == Command::kRun || kind == Command::kGate;
    const bool of_threads = reports_threads(kind);
    command
        .add_option("--format", formats_,
                    of_threads ? "Shape of the report (default: text), several times for several: " +
                                     std::string(format_names()) + "; without FILE it goes where -o says"
                               : "Shape of the report: text (default) or json")
        ->type_name("FORMAT[=FILE]")
        ->allow_extra_args(false);
    add_value(
        command, "-o", "FILE",
        std::string("Write reports there; %p stands for the pid (default: standard ") + (runs ? "error)" : "output)"),
        [this](const std::string& text) {
            if (text.empty()) throw UsageError("the name of the file is empty");
            output_ = text;
        });
    add_value(command, "--color", "auto|always|never", "Colors in text reports (default: auto)",
              [this](const std::string& text) {
                  if (text != "auto" && text != "always" && text != "never") {
                      throw UsageError("'" + text + "' is not auto, always or never");
                  }
                  options_.color = text == "auto" ? Color::kAuto : text == "always" ? Color::kAlways : Color::kNever;
              });
    command.add_flag("--all", options_.all,
                     kind == Command::kDump ? "Healthy threads too (always on here)" : "Healthy threads too");
    add_value(command, "--group", "stacks|functions",
              "Threads in one group: those of equal stacks, or of equal functions whatever their lines and locks "
              "(default: stacks)",
              [this](const std::string& text) {
                  if (text != "stacks" && text != "functions") {
                      throw UsageError("'" + text + "' is not stacks or functions");
                  }
                  options_.group_by_functions = text == "functions";
              });
    add_value(command, "--held-longer-than", "TIME", "Tell of every lock that is held for longer than TIME",
              [this](const std::string& text) { options_.held_longer_than = parse_duration(text); });
    command.add_flag("--full-stacks", options_.full_stacks, "Show the frames of libc and the language runtime");
}

void Parser::add_running(CLI::App& command, Command kind) {
    add_value(command, "--timeout", "TIME",
              "Report what is stuck after TIME (500ms, 60s, 2m, 1h), then end CMD: TERM, then KILL",
              [this](const std::string& text) {
                  options_.timeout = parse_duration(text);
                  if (options_.timeout->count() == 0) throw UsageError("a time of zero is none");
              });
    add_value(command, "--watch", "TIME", "Report, once, any untimed wait that is older than TIME; CMD goes on",
              [this](const std::string& text) {
                  options_.watch = parse_duration(text);
                  if (options_.watch->count() == 0) throw UsageError("a time of zero is none");
              });
    add_value(command, "--grace", "TIME",
              "How long threads, and processes that CMD leaves, may take to finish at the end (default: 500ms)",
              [this](const std::string& text) { options_.grace = parse_duration(text); });
    add_value(command, "--fail-on", "LIST",
              std::string("Verdicts that fail the gate (default: ") + kDefaultFailOn + ")",
              [this](const std::string& text) { options_.fail_on = parse_verdicts(text); });
    add_value(command, "--children", "yes|no", "Report and judge what CMD starts, too (default: yes)",
              [this](const std::string& text) {
                  if (text != "yes" && text != "no") throw UsageError("'" + text + "' is not yes or no");
                  options_.children = text == "yes";
              });
    if (kind == Command::kGate) {
        command.add_flag("--strict", options_.strict, "Fail with 125 when a child of CMD could not be observed");
    }
    add_value(command, "--dir", "DIR", "Keep the recordings in this folder", [this](const std::string& text) {
        if (text.empty()) throw UsageError("the name of the folder is empty");
        options_.directory = text;
    });
}

void Parser::add_file(CLI::App& command, const std::string& name, const std::string& description, std::string& to) {
    add_value(command, name, "FILE", description, [&to](const std::string& text) {
        if (text.empty()) throw UsageError("the name of the file is empty");
        to = text;
    });
}

void Parser::add_accepting(CLI::App& command, Command kind) {
    // One that is given several times counts each time.
    const auto add_suppressions = [this, kind](const std::vector<std::string>& files) {
        // What the library starts reports whatever there is to read.
        if (kind != Command::kAttend && std::find(files.begin(), files.end(), "") != files.end())
            throw UsageError("--suppressions: the name of the file is empty");
        options_.suppressions = files;
    };
    command
        .add_option_function<std::vector<std::string>>("--suppressions", add_suppressions,
                                                       "Findings that this file's entries fit are accepted; repeatable")
        ->type_name("FILE")
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (kind == Command::kAttend) return;
    add_file(command, "--baseline", "Findings that this file has are accepted", options_.baseline);
    add_file(command, "--write-suppressions",
             "Write entries there that would accept what was found; a file that --suppressions names keeps its own",
             options_.write_suppressions);
    add_file(command, "--write-baseline", "Write what was found there, as a baseline; it may be the file of --baseline",
             options_.write_baseline);
    if (kind == Command::kGate) {
        command.add_flag("--strict-suppressions", options_.strict_suppressions,
                         "Fail when an entry of a suppressions file fits nothing");
    }
}

void Parser::add_pid(CLI::App& command) {
    add_value(command, "PID", "", "The process", [this](const std::string& text) {
        const auto pid = parse_pid(text);
        if (!pid) throw UsageError("'" + text + "' is no process id");
        options_.pid = *pid;
    });
    command.get_option("PID")->required();
}

void Parser::add_attending(CLI::App& command) {
    add_value(command, "REASON", "", "Why", [this](const std::string& text) {
        if (text != "exit" && text != "signal") throw UsageError("'" + text + "' is not exit or signal");
        options_.at_exit = text == "exit";
    });
    command.get_option("REASON")->required();
    add_pid(command);
    command.add_option("FILE", options_.source, "Its recording")->type_name("");
}

void Parser::add_explaining(CLI::App& command) {
    command.add_option("COMMAND", help_for_, "The command to explain")->type_name("");
    command.add_flag("--man", as_page_, "Print the manual page: loiter help --man gate | man -l -");
    add_value(command, "--completion", "bash|zsh|fish", "Print the completions for this shell",
              [this](const std::string& text) {
                  if (text != "bash" && text != "zsh" && text != "fish")
                      throw UsageError("'" + text + "' is not bash, zsh or fish");
                  completion_for_ = text;
              });
}

[[noreturn]] void refuse(const std::string& argument) {
    throw UsageError((argument.starts_with("-") ? "unknown option " : "unexpected argument ") + argument);
}

/// The marker itself is no extra: what follows it cannot be an option.
void refuse_extras(const std::vector<std::string>& extras) {
    for (const std::string& argument : extras) {
        if (argument != "--") refuse(argument);
    }
}

/// CMD is what the parser left over, from its first word on, and what follows "--". The marker
/// belongs to CMD when CMD has begun before it.
void Parser::take_program(const CLI::App& command, std::vector<std::string> from_marker) {
    options_.program = command.remaining();
    if (!options_.program.empty() && options_.program[0].starts_with("-")) refuse(options_.program[0]);
    if (options_.program.empty() && !from_marker.empty()) from_marker.erase(from_marker.begin());
    options_.program.insert(options_.program.end(), from_marker.begin(), from_marker.end());
    if (options_.program.empty()) throw UsageError("no program given; write loiter " + command.get_name() + " CMD");
}

/// Empty: all of them.
const CLI::App& Parser::explained(const std::string& command) const {
    if (command.empty()) return app_;
    for (const CommandRow& row : kCommands) {
        if (command == row.name) return *app_.get_subcommand(command);
    }
    throw UsageError("unknown command " + command);
}

std::string Parser::help_text(const std::string& command) const {
    const CLI::App& app = explained(command);
    return app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
}

std::string Parser::what_help_prints() const {
    if (as_page_ && !completion_for_.empty()) throw UsageError("--man and --completion are two questions: ask one");
    if (!completion_for_.empty() && !help_for_.empty()) refuse(help_for_);
    if (completion_for_ == "bash") return manual::bash_completion(table());
    if (completion_for_ == "zsh") return manual::zsh_completion(table());
    if (completion_for_ == "fish") return manual::fish_completion(table());
    if (!as_page_) return help_text(help_for_);
    const manual::CommandTable table = this->table();
    if (!help_for_.empty() && manual::find_command(table, help_for_) == nullptr)
        throw UsageError("unknown command " + help_for_);
    return manual::page(table, help_for_);
}

manual::CommandTable Parser::table() const {
    manual::CommandTable table;
    const std::string description = app_.get_description();
    table.description = description.substr(description.find(": ") + 2);
    table.version = LOITER_VERSION;
    table.date = LOITER_DATE;
    table.options = option_entries(app_, false);
    for (const CommandRow& row : kCommands) {
        const CLI::App& app = *app_.get_subcommand(row.name);
        if (app.get_group().empty()) continue;
        table.commands.push_back({row.name, row.arguments, row.description,
                                  option_entries(app, reports_threads(row.command)), operand_of(row.command),
                                  statuses_of(row.command)});
    }
    return table;
}

Options Parser::parse(const std::vector<std::string>& arguments) {
    options_.fail_on = parse_verdicts(kDefaultFailOn);
    const bool runs = !arguments.empty() && (arguments[0] == "run" || arguments[0] == "gate");
    // From "--" on nothing is ours, whatever it looks like.
    const auto marker = runs ? std::find(arguments.begin(), arguments.end(), "--") : arguments.end();
    std::vector<std::string> ours(arguments.begin(), marker);
    std::reverse(ours.begin(), ours.end());
    try {
        app_.parse(std::move(ours));
    } catch (const CLI::CallForHelp&) {
        const auto used = app_.get_subcommands();
        options_.command = Command::kHelp;
        options_.help = help_text(used.empty() ? "" : used[0]->get_name());
        return options_;
    } catch (const CLI::ParseError& error) {
        throw UsageError(error.what());
    }
    const auto used = app_.get_subcommands();
    const std::vector<std::string> left_over = app_.remaining();
    if (!left_over.empty()) {
        if (left_over[0].starts_with("-")) refuse(left_over[0]);
        throw UsageError("unknown command " + left_over[0]);
    }
    const bool needs_command = options_.command != Command::kVersion && options_.command != Command::kListSuppressions;
    if (used.empty() && needs_command) throw UsageError("no command given");
    if (runs) {
        take_program(*used[0], {marker, arguments.end()});
    } else if (!used.empty()) {
        refuse_extras(used[0]->remaining());
    }
    options_.destinations = settle_destinations(formats_, output_, reports_threads(options_.command));
    refuse_shared_files(options_);
    if (options_.command == Command::kReport && options_.source.empty() == !options_.last)
        throw UsageError(options_.last ? "SOURCE and --last are two questions: ask one"
                                       : "SOURCE is required, or --last");
    if (options_.command == Command::kHelp) options_.help = what_help_prints();
    if (options_.command == Command::kDump) options_.all = true;
    return options_;
}

}  // namespace

Options parse(const std::vector<std::string>& arguments) {
    return Parser().parse(arguments);
}

manual::CommandTable command_table() {
    return Parser().table();
}

std::chrono::milliseconds parse_duration(const std::string& text) {
    double number = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    const std::string unit(rest, text.data() + text.size());
    const double seconds = unit.empty() || unit == "s" ? 1
                           : unit == "ms"              ? 0.001
                           : unit == "m"               ? 60
                           : unit == "h"               ? 3600
                                                       : 0;
    if (error != std::errc() || seconds == 0 || !std::isfinite(number) || std::signbit(number)) {
        throw UsageError("'" + text + "' is no time; write 500ms, 60s, 2m or 1h");
    }
    if (number * seconds > kLongestSeconds) throw UsageError("'" + text + "' is more than a year");
    return std::chrono::milliseconds(std::llround(number * seconds * 1000));
}

std::set<analyze::Verdict> parse_verdicts(const std::string& list) {
    std::set<analyze::Verdict> verdicts;
    for (size_t start = 0; start <= list.size();) {
        const size_t end = std::min(list.find(',', start), list.size());
        const std::string word = list.substr(start, end - start);
        const auto verdict = analyze::verdict_from_word(word);
        if (!verdict) throw UsageError("'" + word + "' is no verdict; the default is " + kDefaultFailOn);
        verdicts.insert(*verdict);
        start = end + 1;
    }
    return verdicts;
}

std::optional<uint32_t> parse_pid(const std::string& text) {
    uint32_t pid = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
    const bool is_number = error == std::errc() && rest == text.data() + text.size();
    const bool in_range = pid > 0 && pid <= static_cast<uint32_t>(std::numeric_limits<int32_t>::max());
    return is_number && in_range ? std::optional(pid) : std::nullopt;
}

}  // namespace command
