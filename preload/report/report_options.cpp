// SPDX-License-Identifier: Apache-2.0
#include "preload/report/report_options.h"

#include <signal.h>
#include <string.h>

#include "preload/text.h"

namespace preload {

namespace {

constexpr int kFirstRealTime = 34;  ///< SIGRTMIN: libc keeps 32 and 33 for itself
constexpr int kLastSignal = 64;

constexpr char kTimeWords[] = "is no time; write 500ms, 60s, 2m or 1h";
constexpr char kSwitchWords[] = "is not 1 or 0";

/// What is wrong with a value; null: nothing.
using Setter = const char* (*)(ReportOptions&, const char* value);

bool is(const char* value, const char* word) {
    return strcmp(value, word) == 0;
}

/// A flag needs no value: "all" is "all=1".
const char* set_switch(bool& to, const char* value) {
    const bool on = *value == '\0' || is(value, "1");
    if (!on && !is(value, "0")) return kSwitchWords;
    to = on;
    return nullptr;
}

const char* set_all(ReportOptions& options, const char* value) {
    return set_switch(options.all, value);
}

const char* set_full_stacks(ReportOptions& options, const char* value) {
    return set_switch(options.full_stacks, value);
}

const char* set_format(ReportOptions& options, const char* value) {
    if (!is(value, "text") && !is(value, "json")) return "is not text or json";
    options.json = is(value, "json");
    return nullptr;
}

const char* set_group(ReportOptions& options, const char* value) {
    if (!is(value, "stacks") && !is(value, "functions")) return "is not stacks or functions";
    options.group_by_functions = is(value, "functions");
    return nullptr;
}

const char* set_color(ReportOptions& options, const char* value) {
    constexpr const char* kWords[] = {"auto", "always", "never"};
    for (const char* const word : kWords) {
        if (!is(value, word)) continue;
        options.color = word;
        return nullptr;
    }
    return "is not auto, always or never";
}

const char* set_path(char* to, size_t size, const char* value) {
    const size_t length = strlen(value);
    if (length == 0) return "is empty";
    if (length >= size) return "is too long";
    memcpy(to, value, length + 1);
    return nullptr;
}

const char* set_directory(ReportOptions& options, const char* value) {
    return set_path(options.directory, sizeof(options.directory), value);
}

const char* set_log_path(ReportOptions& options, const char* value) {
    return set_path(options.log_path, sizeof(options.log_path), value);
}

const char* set_suppressions(ReportOptions& options, const char* value) {
    return set_path(options.suppressions, sizeof(options.suppressions), value);
}

/// Decimal digits with three places behind the point, in thousandths. Moves `at` behind them.
bool read_thousandths(const char*& at, int64_t& value) {
    constexpr int64_t kMost = 1'000'000'000;
    int places = -1;
    value = 0;
    const char* const first = at;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && places < 0); ++at) {
        if (*at == '.') {
            places = 0;
        } else if (places < 3) {
            value = value * 10 + (*at - '0');
            if (places >= 0) ++places;
            if (value > kMost) return false;
        }
    }
    for (places = places < 0 ? 0 : places; places < 3; ++places) value *= 10;
    return at != first && at[-1] != '.';
}

const char* set_grace(ReportOptions& options, const char* value) {
    struct Unit {
        const char* name;
        int64_t milliseconds;
    };
    constexpr Unit kUnits[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    int64_t thousandths;
    if (!read_thousandths(value, thousandths)) return kTimeWords;
    for (const Unit& unit : kUnits) {
        if (!is(value, unit.name)) continue;
        options.grace_ms = thousandths * unit.milliseconds / 1000;
        return nullptr;
    }
    return kTimeWords;
}

const char* set_signal(ReportOptions& options, const char* value) {
    if (is(value, "none")) {
        options.signal = 0;
    } else if (is(value, "USR1")) {
        options.signal = SIGUSR1;
    } else if (is(value, "USR2")) {
        options.signal = SIGUSR2;
    } else {
        const char* digits = value + 2;
        int number = 0;
        const bool is_real_time = value[0] == 'R' && value[1] == 'T' && *digits != '\0';
        for (; is_real_time && *digits >= '0' && *digits <= '9' && number < kLastSignal; ++digits) {
            number = number * 10 + (*digits - '0');
        }
        if (!is_real_time || *digits != '\0' || number > kLastSignal - kFirstRealTime) {
            return "is not USR1, USR2, RT0 to RT30 or none";
        }
        options.signal = kFirstRealTime + number;
    }
    return nullptr;
}

const char* set_report(ReportOptions& options, const char* value) {
    const bool at_exit = is(value, "exit") || is(value, "exit,signal") || is(value, "signal,exit");
    const bool on_signal = is(value, "signal") || is(value, "exit,signal") || is(value, "signal,exit");
    if (!at_exit && !on_signal && !is(value, "none")) return "is not exit, signal, exit,signal or none";
    options.at_exit = at_exit;
    options.on_signal = on_signal;
    return nullptr;
}

struct Key {
    const char* name;
    Setter set;  ///< null: only the command has it
};

constexpr Key kKeys[] = {
    {"all", set_all},
    {"color", set_color},
    {"dir", set_directory},
    {"format", set_format},
    {"full_stacks", set_full_stacks},
    {"grace", set_grace},
    {"group", set_group},
    {"log_path", set_log_path},
    {"report", set_report},
    {"signal", set_signal},
    {"suppressions", set_suppressions},
    {"baseline", nullptr},
    {"children", nullptr},
    {"fail_on", nullptr},
    {"timeout", nullptr},
    {"watch", nullptr},
};

const Key* find_key(const char* name) {
    for (const Key& key : kKeys) {
        if (is(name, key.name)) return &key;
    }
    return nullptr;
}

/// Copies one entry without its escapes and splits it. Returns what comes after it; null: nothing.
const char* take_entry(const char* text, char* entry, size_t size, const char*& value) {
    Text copy(entry, size);
    char* split = nullptr;
    for (; *text != '\0' && *text != ':'; ++text) {
        if (text[0] == '\\' && text[1] == ':') ++text;
        if (*text == '=' && split == nullptr) split = copy.end();
        copy.add_character(*text);
    }
    value = "";
    if (split != nullptr && split < copy.end()) {
        *split = '\0';
        value = split + 1;
    }
    return *text == ':' ? text + 1 : nullptr;
}

}  // namespace

const char kReportOptionsHelp[] =
    "loiter: keys of LOITER_OPTIONS, as key=value:key=value, with \"\\:\" for a colon in a value\n"
    "  report=exit,signal|exit|signal|none  when to report (default: exit,signal)\n"
    "  signal=USR1|USR2|RTn|none            the signal that asks for a report (default: USR1)\n"
    "  log_path=PATH                        write reports to PATH.PID (default: standard error)\n"
    "  format=text|json                     shape of the report (default: text)\n"
    "  color=auto|always|never              colors in text reports (default: auto)\n"
    "  all=1                                healthy threads too\n"
    "  full_stacks=1                        frames of libc and the language runtime too\n"
    "  group=stacks|functions               threads in one group: of equal stacks, or of equal functions\n"
    "  grace=TIME                           how long threads may take to finish at the end (default: 500ms)\n"
    "  suppressions=FILE                    findings that this file's entries fit are accepted\n"
    "  dir=DIR                              keep recordings in this folder\n"
    "  help=1                               print this\n";

void parse_report_options(const char* text, ReportOptions& options, char* problem, size_t size, bool& wants_help) {
    *problem = '\0';
    wants_help = false;
    char entry[1200];
    while (text != nullptr) {
        const char* value;
        text = take_entry(text, entry, sizeof(entry), value);
        if (entry[0] == '\0' && *value == '\0') continue;
        if (is(entry, "help")) {
            wants_help = wants_help || is(value, "1") || *value == '\0';
            continue;
        }
        const Key* const key = find_key(entry);
        const char* wrong = nullptr;
        if (key != nullptr && key->set != nullptr) wrong = key->set(options, value);
        if ((key != nullptr && key->set != nullptr && wrong == nullptr) || *problem != '\0') continue;
        Text line(problem, size);
        line.add("loiter: LOITER_OPTIONS: ");
        if (key == nullptr) {
            line.add("unknown key '").add_beginning(entry).add("'; LOITER_OPTIONS=help=1 lists them");
        } else if (key->set == nullptr) {
            line.add(entry).add(" needs the command: see loiter help run");
        } else {
            line.add(entry).add("='").add_beginning(value).add("' ").add(wrong);
        }
    }
}

}  // namespace preload
