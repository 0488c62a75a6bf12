// SPDX-License-Identifier: Apache-2.0
#include "preload/report/reporter.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/process/clock.h"
#include "preload/process/environment.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/report/invisible_process.h"
#include "preload/report/pauses.h"
#include "preload/text.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace {

constexpr uint64_t kReportWithin = 30'000 * kMillisecond;
constexpr uint64_t kOtherReportWithin = 5'000 * kMillisecond;
constexpr int kStandardError = 2;
constexpr size_t kPathBytes = 1280;

/// What the command is given of the environment: what its words and its search for debug information
/// depend on. Not the preload variable, nor anything that is the program's own.
constexpr const char* kPassedOn[] = {"HOME", "LANG", "LC_ALL", "NO_COLOR", "PATH", "TERM", "TMPDIR"};
constexpr size_t kPassedOnCount = sizeof(kPassedOn) / sizeof(kPassedOn[0]);

constinit ReportOptions options{};
constinit char library[kPathBytes] = "";
constinit char variables[4096] = "";
constinit char* environment_of_command[kPassedOnCount + 1]{};

/// The file that standard error is; device 0: it is closed.
struct FileIdentity {
    uint64_t device;
    uint64_t inode;

    bool operator==(const FileIdentity& other) const { return device == other.device && inode == other.inode; }
};
constinit FileIdentity first_standard_error{};

FileIdentity standard_error() {
    struct stat status {};
    if (raw_syscall(SYS_fstat, kStandardError, as_argument(&status)) != 0) return {0, 0};
    return {status.st_dev, status.st_ino};
}

bool has_standard_error() {
    const FileIdentity now = standard_error();
    return now.device != 0 && now == first_standard_error;
}

void say(const char* line) {
    if (has_standard_error())
        raw_syscall(SYS_write, kStandardError, as_argument(line), static_cast<long>(strlen(line)));
}

/// Paths are made absolute while the program is in the folder that it was started in.
void make_absolute(char* path, size_t size) {
    if (path[0] == '\0' || path[0] == '/') return;
    char copy[kPathBytes];
    Text(copy, sizeof(copy)).add(path);
    char folder[kPathBytes];
    if (raw_syscall(SYS_getcwd, as_argument(folder), sizeof(folder)) <= 0) return;
    const bool is_root = folder[0] == '/' && folder[1] == '\0';
    Text(path, size).add(folder).add(is_root ? "" : "/").add(copy);
}

void note_library() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&note_library), &info) == 0 || info.dli_fname == nullptr) return;
    Text(library, sizeof(library)).add(info.dli_fname);
    make_absolute(library, sizeof(library));
}

/// Programs that set their title write over the environment: copied.
void copy_variables(char** entries) {
    Text text(variables, sizeof(variables));
    size_t count = 0;
    for (const char* const name : kPassedOn) {
        char* const start = text.end();
        for (char** entry = entries; *entry != nullptr; ++entry) {
            if (value_of(*entry, name) == nullptr) continue;
            text.add(*entry);
            if (text.is_full()) break;
            text.skip_zero();
            environment_of_command[count++] = start;
            break;
        }
    }
}

/// The library's own file without symbolic links on the way to it, where /proc can tell.
void resolve_links(char* path, size_t size) {
    const long file = raw_syscall(SYS_openat, AT_FDCWD, as_argument(path), O_PATH | O_CLOEXEC, 0);
    if (file < 0) return;
    char link[64];
    Text(link, sizeof(link)).add("/proc/self/fd/").add_number(static_cast<uint64_t>(file));
    char target[kPathBytes];
    const long length =
        raw_syscall(SYS_readlinkat, AT_FDCWD, as_argument(link), as_argument(target), sizeof(target) - 1);
    raw_syscall(SYS_close, file);
    if (length <= 0) return;
    target[length] = '\0';
    Text(path, size).add(target);
}

// Of the one report that is being started: see take_invisible_process.
constinit char command_path[kPathBytes] = "";

/// PREFIX/lib/loiter/libloiter.so belongs to PREFIX/bin/loiter, in a build as where it is installed.
const char* find_command() {
    Text(command_path, sizeof(command_path)).add(library);
    resolve_links(command_path, sizeof(command_path));
    for (int folders = 3; folders > 0; --folders) {
        char* const slash = strrchr(command_path, '/');
        if (slash == nullptr) return nullptr;
        *slash = '\0';
    }
    char* const prefix_end = command_path + strlen(command_path);
    Text(prefix_end, static_cast<size_t>(command_path + sizeof(command_path) - prefix_end)).add("/bin/loiter");
    return command_path;
}

/// The arguments of the hidden command `attend`; see src/options.cpp.
class CommandLine {
public:
    void fill(const char* reason) {
        count_ = 0;
        add("loiter");
        add("attend");
        add("--color");
        add(options.color);
        if (options.json) add("--format=json");
        if (options.all) add("--all");
        if (options.full_stacks) add("--full-stacks");
        if (options.suppressions[0] != '\0') {
            add("--suppressions");
            add(options.suppressions);
        }
        if (options.group_by_functions) add("--group=functions");
        if (options.log_path[0] != '\0') {
            add("-o");
            Text(log_, sizeof(log_)).add(options.log_path).add(".").add_number(process->pid);
            add(log_);
        }
        add(reason);
        Text(pid_, sizeof(pid_)).add_number(process->pid);
        add(pid_);
        if (recording_path()[0] != '\0') add(recording_path());
        words_[count_] = nullptr;
    }
    char* const* words() { return words_; }

private:
    void add(const char* word) { words_[count_++] = const_cast<char*>(word); }

    char* words_[20]{};
    size_t count_ = 0;
    char log_[kPathBytes]{};
    char pid_[16]{};
};

bool has_destination() {
    return options.log_path[0] != '\0' || has_standard_error();
}

constinit CommandLine command_line;
constinit char remark[3 * kPathBytes] = "";

void say_that_there_is_none(const char* why, const char* reason = "") {
    Text text(remark, sizeof(remark));
    text.add("loiter: no report of process ").add_number(process->pid).add(": ");
    text.add(command_path[0] != '\0' ? command_path : "the command").add(why).add(reason);
    if (recording_path()[0] != '\0') text.add("; run: loiter report ").add(recording_path());
    text.add("\n");
    say(remark);
}

/// Empty: none that a user could do something about.
const char* reason_of(int error) {
    switch (error) {
        case EAGAIN: return ": there may be no more processes";
        case ENOMEM: return ": there is no memory left";
        case ENOENT: return ": it, or its interpreter, is not there";
        case EACCES:
        case EPERM: return ": there is no right to";
        case ENOEXEC: return ": it is no program";
        default: return "";
    }
}

/// Of these ends the command has said itself what there is to say: done, a bad option, nothing to be read.
bool is_own_end(int status) {
    return status == 0 || status == 2 || status == 125;
}

void say_of_end(int status) {
    constexpr int kNotLoaded = 127;  // as ld.so ends, which says the reason
    if (is_own_end(status)) return;
    say_that_there_is_none(status == -1 ? " crashed" : status == kNotLoaded ? " cannot be loaded" : " failed");
}

StartResult start_command(const char* reason, uint64_t wait_ns) {
    if (!take_invisible_process()) return {Started::kBusy, -1, 0};
    command_line.fill(reason);
    const StartResult result = start_invisibly({command_line.words(), environment_of_command, find_command}, wait_ns);
    if (result.started == Started::kNot) say_that_there_is_none(" cannot be started", reason_of(result.error));
    if (result.started == Started::kTooLate) say_that_there_is_none(" takes too long");
    if (result.started == Started::kDone) say_of_end(result.status);
    give_back_invisible_process();
    return result;
}

/// A process that nobody waits for becomes a child of the target when that is what takes orphans.
bool inherits_orphans() {
    int subreaper = 0;
    raw_syscall(SYS_prctl, PR_GET_CHILD_SUBREAPER, as_argument(&subreaper));
    return process->pid == 1 || subreaper != 0;
}

/// Made where it is missing; one that takes no files is a mistake to be told.
void prepare_directory() {
    const bool is_relative = options.directory[0] != '/';
    make_absolute(options.directory, sizeof(options.directory));
    if (options.directory[0] == '\0') return;
    raw_syscall(SYS_mkdirat, AT_FDCWD, as_argument(options.directory), S_IRWXU);
    if (raw_syscall(SYS_faccessat, AT_FDCWD, as_argument(options.directory), W_OK | X_OK) == 0) return;
    char line[320];
    Text(line, sizeof(line))
        .add("loiter: LOITER_OPTIONS: dir='")
        .add_beginning(options.directory)
        .add("' cannot be written")
        .add(is_relative ? " (a relative folder begins where each process starts: give an absolute one)" : "")
        .add("; recordings go to the usual folders\n");
    say(line);
    options.directory[0] = '\0';
}

}  // namespace

void prepare_reports(const char* text, char** entries) {
    first_standard_error = standard_error();
    note_library();
    copy_variables(entries);
    if (text == nullptr) return;
    char problem[512];
    bool wants_help;
    parse_report_options(text, options, problem, sizeof(problem) - 1, wants_help);
    if (wants_help) say(kReportOptionsHelp);
    if (problem[0] != '\0') say(strcat(problem, "\n"));
    prepare_directory();
    make_absolute(options.log_path, sizeof(options.log_path));
}

const ReportOptions& report_options() {
    return options;
}

bool report_at_end() {
    if (!has_destination()) return false;
    StartResult result{Started::kBusy, -1, 0};
    wait_until(now_ns() + kOtherReportWithin, [&result] {
        result = start_command("exit", kReportWithin);
        return result.started != Started::kBusy;
    });
    return result.started == Started::kDone && result.status == 0;
}

void report_on_signal() {
    if (process == nullptr || is_restricted() || !is_own_process() || !options.on_signal || !has_destination()) return;
    start_command("signal", inherits_orphans() ? kReportWithin : 0);
}

}  // namespace preload
