// SPDX-License-Identifier: Apache-2.0
#include "commands.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <thread>

#include "compare_command.h"
#include "diagnosis.h"
#include "exit_status.h"
#include "output.h"
#include "policy/policy.h"
#include "process_list.h"
#include "read/read.h"
#include "reporter.h"
#include "run_command.h"
#include "sources.h"

namespace command {
namespace {

int write_text(const Options& options, const std::string& text) {
    return Outputs(options, STDOUT_FILENO).write(0, [&](Format, bool) { return text; }) ? 0 : kCannot;
}

snapshot::Snapshot look_at_process(uint32_t pid, reader::LookOptions options) {
    if (!reader::is_observed(pid)) return reader::look_at_unobserved(pid, options);
    return reader::Recording::of_process(pid).take_snapshot(snapshot::Reason::kDump, options);
}

int dump(const Options& options) {
    Outputs outputs(options, STDOUT_FILENO);
    Reporter reporter(options, outputs);
    reporter.report(look_at_process(options.pid, {.stop_running = options.stop_running}));
    reporter.finish();
    return reporter.all_written() ? 0 : kCannot;
}

OnSnapshot reported_by(Reporter& reporter) {
    return [&reporter](snapshot::Snapshot&& snapshot) { reporter.report(std::move(snapshot)); };
}

void report_pid(uint32_t pid, Reporter& reporter) {
    const std::vector<reader::Found> recordings = all_recordings();
    const auto newest = std::find_if(recordings.begin(), recordings.end(),
                                     [&](const reader::Found& found) { return found.pid == pid; });
    if (newest != recordings.end()) {
        look_at_recording(reader::Recording::open(newest->path), reported_by(reporter));
    } else if (reader::process_exists(pid)) {
        reporter.report(look_at_process(pid, {}));
    } else {
        throw reader::Error("process " + std::to_string(pid) + " left no recording; loiter ps lists those there are");
    }
}

int report(const Options& options) {
    Outputs outputs(options, STDOUT_FILENO);
    Reporter reporter(options, outputs);
    const auto pid = parse_pid(options.source);
    if (options.last) {
        look_at_source(last_left_behind(), reported_by(reporter));
    } else if (std::error_code error; pid && !std::filesystem::exists(options.source, error)) {
        report_pid(*pid, reporter);
    } else {
        look_at_source(options.source, reported_by(reporter));
    }
    reporter.finish();
    return reporter.all_written() ? 0 : kCannot;
}

/// The named file, or what the process has mapped: a recording may be without a name.
reader::Recording recording_to_attend(const Options& options) {
    if (!options.source.empty() && std::filesystem::exists(options.source)) {
        return reader::Recording::open(options.source);
    }
    return reader::Recording::of_process(options.pid);
}

/// The thread that took the signal is looked at in what it was doing, not in the library's handler.
/// Bounded: it may wait for us there.
void await_return_from_signal(const reader::Recording& recording) {
    constexpr std::chrono::milliseconds kStep{1};
    constexpr int kSteps = 200;
    for (int step = 0; step < kSteps && !recording.has_left_report_signal(); ++step) std::this_thread::sleep_for(kStep);
    std::this_thread::sleep_for(kStep);  // from the handler's end back to sleep
}

int attend_process(const Options& options) {
    Outputs outputs(options, STDERR_FILENO);
    Reporter reporter(options, outputs);
    const reader::Recording recording = recording_to_attend(options);
    if (!options.at_exit) await_return_from_signal(recording);
    reporter.report(recording.take_snapshot(options.at_exit ? snapshot::Reason::kExit : snapshot::Reason::kSignal));
    return reporter.all_written() ? 0 : kCannot;
}

/// Nobody but the user is told of a failure, in one line.
int attend(const Options& options) {
    try {
        return attend_process(options);
    } catch (const std::exception& error) {
        const bool has_file = !options.source.empty() && std::filesystem::exists(options.source);
        const std::string what_to_do = has_file ? "; the recording stays: loiter report " + options.source : "";
        throw reader::Error(error.what() + what_to_do);
    }
}

int dispatch(const Options& options) {
    switch (options.command) {
        case Command::kRun:
        case Command::kGate: return run(options);
        case Command::kDump: return dump(options);
        case Command::kReport: return report(options);
        case Command::kDiff: return compare(options);
        case Command::kAttend: return attend(options);
        case Command::kPs: return list_processes(options);
        case Command::kDoctor: return diagnose(options);
        case Command::kHelp: return write_text(options, options.help);
        case Command::kListSuppressions: return write_text(options, policy::built_in_suppressions());
        case Command::kVersion: return write_text(options, "loiter " LOITER_VERSION "\n");
    }
    return kCannot;
}

}  // namespace

int execute(const Options& options) {
    const int status = dispatch(options);
    try {
        prune_recordings();
    } catch (const std::exception&) {
        // The command has done its work; the next one tidies up.
    }
    return status;
}

}  // namespace command
