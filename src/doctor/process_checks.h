// SPDX-License-Identifier: Apache-2.0
//
// The checks of a running process.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "doctor/doctor.h"
#include "launch/program_file.h"

namespace doctor {

/// What becomes of the signal that asks for a report.
enum class Disposition { kDefault, kReports, kHandled, kIgnored, kBlocked };

struct ProcessFacts {
    uint32_t pid = 0;
    bool exists = false;
    bool has_ended = false;  ///< a zombie
    bool is_kernel_thread = false;
    bool is_own = false;  ///< of this user, or this is root
    bool by_root = false;
    uint32_t user = 0;
    int maps_error = 0;   ///< errno: what it has mapped could not be read
    std::string library;  ///< path of libloiter.so as the process has it mapped; empty: it has not
    std::string exe;
    launch::Program program;
    std::optional<bool> is_secure;  ///< started in the loader's secure mode; empty: could not be read
    bool is_dumpable = true;        ///< the kernel lets others of its user look
    /// Of the environment it was started with; empty: could not be read.
    std::optional<bool> preload_names_library;
    bool is_of_run = false;  ///< LOITER_SUPERVISOR was there: some `loiter run` or `gate` started its tree

    bool recording_is_readable = false;
    bool recording_is_coming = false;  ///< the library is there, but had no reason to record yet
    std::string recording;             ///< its path, or the reader's words why there is none

    int signal = SIGUSR1;         ///< what asks for a report: as the recording says, or by default
    bool signal_is_ours = false;  ///< the library has its handler in
    Disposition disposition = Disposition::kDefault;
    bool has_own_filter = false;  ///< more seccomp filters than this command: not only its container's
    bool other_pid_namespace = false;
    bool other_files = false;  ///< another root folder or mount namespace
    int states_error = 0;      ///< errno of reading what its threads do in the kernel
    int ptrace_scope = 0;
};

ProcessFacts look_at_process(uint32_t pid);
std::vector<Check> check_process(const ProcessFacts& facts);

}  // namespace doctor
