// SPDX-License-Identifier: Apache-2.0
//
// Starts a program under the library, follows it and everything it starts, takes a snapshot of each
// process at its end (or on a timeout, or when this command is told to end), and passes signals on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "snapshot/snapshot.h"

namespace launch {

/// CMD was not started, for a reason that is not CMD's; the message is one line.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Request {
    std::vector<std::string> command;  ///< never empty
    std::string library;               ///< path of the preload library; empty: run without it
    std::optional<std::chrono::milliseconds> timeout;
    std::chrono::milliseconds grace{500};            ///< for leftover threads, at the end
    std::string keep_directory;                      ///< recordings stay here; empty: a private one, removed
    bool children = true;                            ///< false: of CMD alone; what it starts is answered, no more
    std::optional<std::chrono::milliseconds> watch;  ///< untimed waits older than this are reported, each once
};

enum class Outcome {
    kExited,        ///< `status` is the exit status
    kSignalled,     ///< `status` is the signal
    kTimedOut,      ///< ended by our TERM or KILL after the timeout
    kNotFound,      ///< 127
    kCannotExecute  ///< 126
};

/// A program that a process of the run executed, and that left no recording.
struct Unobserved {
    std::string program;  ///< path, or words for what nobody could name
    std::string why;
    uint64_t times = 0;
};

struct Result {
    Outcome outcome = Outcome::kExited;
    int status = 0;
    bool observed = false;               ///< the recording of CMD itself was there
    std::string why_not_observed;        ///< one sentence: static, setuid, ...; empty when observed
    std::vector<Unobserved> unobserved;  ///< of CMD's children; most frequent first
    std::string error;                   ///< kNotFound, kCannotExecute: the system's words; or what was lost
};

/// Called with every process' snapshot as soon as it is final (not yet symbolized), from the
/// thread that called run().
using OnSnapshot = std::function<void(snapshot::Snapshot&&)>;

/// Called when all that lives was reported because the run is to be ended: by --timeout, or by whoever
/// told this command to end, and may soon kill it.
using OnLastReports = std::function<void()>;

/// Runs the program to its end. The calling process should have one thread: it forks. Throws Error.
Result run(
    const Request& request, const OnSnapshot& on_snapshot, const OnLastReports& on_last_reports = [] {});

/// Why CMD cannot be observed, judged by its file alone (static, setuid, other word size or
/// machine, no such library); empty when nothing speaks against it.
std::string why_not_observable(const std::string& command, const std::string& library);

/// The preload library belonging to this command, found relative to the running executable in the
/// build and in the installed layout; empty when it is not there.
std::string find_library();

/// Makes the folder, 0700, where it is missing, and returns its absolute path. Throws Error where
/// no recording could be made in it.
std::string make_keep_directory(const std::string& path);

/// The folders in which a run's private folder can be made, best first.
std::vector<std::string> run_directory_parents();
/// Private folders of runs on this machine.
std::vector<std::string> run_directories();
/// Those of them whose run is over, newest first: processes that outlive their run record on.
std::vector<std::string> abandoned_run_directories();
/// Removes the empty ones among the abandoned.
void remove_unused_run_directories();

}  // namespace launch
