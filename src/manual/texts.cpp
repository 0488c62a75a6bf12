// SPDX-License-Identifier: Apache-2.0
#include "manual/texts.h"

namespace manual {
namespace {

struct Paragraph {
    std::string_view command;
    std::string_view text;
};

constexpr Paragraph kParagraphs[] = {
    {"",
     "Runs a program unchanged, and tells which of its threads are still blocked or alive, on what, since when, who "
     "holds it, where it was taken, and who created them. A preloaded library notes each wait and each held lock; the "
     "command reads that from outside. The program is not stopped, and its results do not change."},
    {"",
     "Without the command, a program that is started with the library in LD_PRELOAD reports at its end on standard "
     "error, and at any time when it gets the signal USR1."},
    {"run",
     "A program that leaves nothing behind is told nothing of. The report is written to standard error when CMD has "
     "ended, by this command, and the program's own status is passed on. What CMD starts is observed too."},
    {"gate",
     "What run does, for continuous integration: a program that succeeds but leaves threads behind fails. Threads get "
     "the time of --grace to finish; a program that left none is not waited for. The program's own failure always "
     "wins."},
    {"gate",
     "A file of --suppressions has one entry a line, kind:pattern, or several kinds that must all fit one thread; # "
     "begins a comment. Kinds: thread (its name), started (start routine), created_by and blocked_in (any frame), top "
     "(the innermost frame of the program's own), lock, module, verdict. Patterns are found anywhere in the text; * "
     "is any text, ^ and $ tie the pattern to an end."},
    {"gate",
     "On TERM, INT and QUIT the report comes first, then the signal is passed on. On USR1 it is passed on only if CMD "
     "catches it."},
    {"dump",
     "The process is neither stopped nor signalled. One that was started without the library is reported with less: "
     "states, stacks, lock owners and deadlocks, as far as /proc and the locks' own memory tell them."},
    {"dump", "Idle threads of a live process are no findings: only what cannot end by itself is one."},
    {"report",
     "A recording outlives its process, however that ended. SOURCE is a recording, a folder of them as --dir keeps "
     "it, the id of a process that left one or still runs, or a core file. With --last it is what was left behind "
     "last: "
     "all of a run whose command was killed before it could report, else of one program."},
    {"diff",
     "Findings are compared by fingerprints that survive rebuilds and shifted lines; groups of threads by their "
     "counts."},
    {"ps", "Counts the threads of every observed process by state, and lists recordings that dead processes left."},
    {"doctor", "Names every reason for which a report would not come, or would tell less, each with what to do."},
    {"help",
     "Manual pages and completions are made of the same table as the help: loiter help --man COMMAND, loiter help "
     "--completion SHELL."},
};

struct Example {
    std::string_view command;
    Row row;
};

constexpr Example kExamples[] = {
    {"run", {"loiter run ./server --port 80", "Reports what is left when the server ends."}},
    {"run", {"loiter run --dir /tmp/recordings ./server", "Keeps what loiter report reads, also after kill -9."}},
    {"gate", {"loiter gate --timeout 10m ctest --output-on-failure", "Every test of a project, in one line."}},
    {"gate",
     {"loiter gate --format text --format junit=loiter.xml --format sarif=loiter.sarif ./tests",
      "A report for people, and two for the pages of a service."}},
    {"gate",
     {"loiter gate --write-suppressions loiter.supp ./tests", "Entries that would accept what there is: a start."}},
    {"dump", {"loiter dump $(pidof server)", "Every thread, what it waits for, and who has it."}},
    {"report", {"loiter report /tmp/recordings", "Who was stuck in those that were killed."}},
    {"report", {"loiter report --last", "The run that the CI service killed just now, without a report."}},
    {"diff", {"loiter diff before.json after.json", "What a change added."}},
    {"ps", {"loiter ps --prune", "The list, and old recordings removed."}},
    {"doctor", {"loiter doctor ./server", "Says, for example, that it is linked statically."}},
    {"help", {"loiter help --man gate | man -l -", "The manual page of a command, not installed."}},
    {"help", {"eval \"$(loiter help --completion bash)\"", "Completion in this shell."}},
};

}  // namespace

std::vector<std::string_view> description_of(std::string_view command) {
    std::vector<std::string_view> paragraphs;
    for (const Paragraph& paragraph : kParagraphs) {
        if (paragraph.command == command) paragraphs.push_back(paragraph.text);
    }
    return paragraphs;
}

std::vector<Row> examples_of(std::string_view command) {
    std::vector<Row> examples;
    for (const Example& example : kExamples) {
        if (example.command == command) examples.push_back(example.row);
    }
    return examples;
}

std::vector<Row> environment() {
    return {
        {"LD_PRELOAD", "The library, lib/loiter/libloiter.so beside bin: observes a program without this command."},
        {"LOITER_DIR", "Folder of recordings; default: /dev/shm, else /tmp."},
        {"LOITER_OPTIONS",
         "For a program under the library alone, key=value:key=value with the names of the long options, \"_\" for "
         "\"-\"; help=1 lists the keys."},
        {"NO_COLOR", "When not empty: no colors unless --color always asks for them."},
        {"GITHUB_STEP_SUMMARY", "File to which --format github appends a table."},
        {"DEBUGINFOD_URLS", "Servers that are asked for debug information."},
        {"XDG_CACHE_HOME", "Folder of the cache of names; default: ~/.cache."},
    };
}

std::vector<Row> files() {
    return {
        {"/dev/shm/loiter-PID-*", "Recordings of processes under the library alone."},
        {"~/.cache/loiter", "Names of functions and lines, for the next dump or report."},
    };
}

}  // namespace manual
