// SPDX-License-Identifier: Apache-2.0
#include "doctor/process_checks.h"

#include <cerrno>
#include <cstring>

#include "doctor/check_table.h"

namespace doctor {
namespace {

using launch::Obstacle;

constexpr char kStartAnew[] = "start it by loiter run, or with LD_PRELOAD set to libloiter.so";

bool can_be_looked_at(const ProcessFacts& facts) {
    return facts.exists && !facts.has_ended && !facts.is_kernel_thread && facts.maps_error == 0;
}

bool is_loaded(const ProcessFacts& facts) {
    return can_be_looked_at(facts) && !facts.library.empty();
}

Judged it_runs(const ProcessFacts& facts) {
    const std::string process = "process " + std::to_string(facts.pid);
    if (!facts.exists) {
        return Check{"", Mark::kNo, "there is no " + process, "loiter ps lists those that are observed"};
    }
    if (facts.has_ended) {
        return Check{"", Mark::kNo, process + " has ended; its parent has not asked for its status yet",
                     "loiter report " + std::to_string(facts.pid) + ", if it left a recording"};
    }
    if (facts.is_kernel_thread) return Check{"", Mark::kNo, process + " is a thread of the kernel", "none is needed"};
    return Check{"", Mark::kOk, process + " runs" + (facts.exe.empty() ? "" : ": " + facts.exe), ""};
}

Judged it_may_be_looked_at(const ProcessFacts& facts) {
    if (!facts.exists || facts.has_ended || facts.is_kernel_thread) return std::nullopt;
    if (facts.maps_error == 0) {
        return Check{"", Mark::kOk, facts.is_own ? "this user may look at it" : "another user's, and it can be read",
                     ""};
    }
    if (!facts.is_own) {
        return Check{"", Mark::kNo, "it belongs to user " + std::to_string(facts.user), "run as that user or as root"};
    }
    if (!facts.is_dumpable) {
        return Check{"", Mark::kNo, "it is setuid or made itself undumpable: its own user may not look at it",
                     "run as root"};
    }
    return Check{"", Mark::kNo, std::string("what it has mapped cannot be read: ") + std::strerror(facts.maps_error),
                 facts.by_root ? "run where root has CAP_SYS_PTRACE" : "run as root"};
}

/// Why the loader did not load the library; the strongest reason that is known.
Check why_not_loaded(const ProcessFacts& facts) {
    const Obstacle obstacle = facts.program.obstacle;
    if (facts.is_secure.value_or(obstacle == Obstacle::kPrivileged)) {
        return {"", Mark::kNo,
                "not loaded: it was started setuid, setgid or with capabilities, so that LD_PRELOAD is ignored",
                "observe a copy without them, or run it as the user that it becomes"};
    }
    if (obstacle != Obstacle::kNone && obstacle != Obstacle::kPrivileged) {
        return {"", Mark::kNo, "not loaded: " + launch::sentence(obstacle),
                facts.program.go ? "goroutines have a dump of their own: send it QUIT" : "build it so"};
    }
    if (!facts.preload_names_library) {
        return {"", Mark::kNo, "not loaded; its environment cannot be read", kStartAnew};
    }
    if (*facts.preload_names_library) {
        return {"", Mark::kNo,
                "not loaded, though LD_PRELOAD names it: its loader could not read the file, or it was unmapped",
                "see what the loader wrote to its standard error"};
    }
    if (facts.is_of_run) {
        return {"", Mark::kNo, "not loaded: its parent removed LD_PRELOAD from its environment",
                "have LD_PRELOAD, LOITER_DIR and LOITER_SUPERVISOR passed on"};
    }
    return {"", Mark::kNo, "not loaded: it was started without LD_PRELOAD", kStartAnew};
}

Judged library_is_loaded(const ProcessFacts& facts) {
    if (!can_be_looked_at(facts)) return std::nullopt;
    if (!facts.library.empty()) return Check{"", Mark::kOk, "loaded from " + facts.library, ""};
    return why_not_loaded(facts);
}

Judged recording_can_be_read(const ProcessFacts& facts) {
    if (!is_loaded(facts)) return std::nullopt;
    if (facts.recording_is_readable) return Check{"", Mark::kOk, facts.recording, ""};
    if (facts.recording_is_coming && facts.has_own_filter) {
        return Check{"", Mark::kNo,
                     "none, and where the program installed its seccomp filter itself the library makes none",
                     "have it create a thread before it installs the filter, or use loiter run"};
    }
    if (facts.recording_is_coming) {
        return Check{"", Mark::kWarn, facts.recording,
                     "look again when it has threads: until then dump has nothing to read"};
    }
    return Check{"", Mark::kNo, facts.recording,
                 "run loiter as its user or as root, of the version that it was started with"};
}

/// As kill takes it.
std::string name_of_signal(int signal) {
    constexpr int kFirstRealTime = 34;
    if (signal == SIGUSR1) return "USR1";
    if (signal == SIGUSR2) return "USR2";
    return "RTMIN+" + std::to_string(signal - kFirstRealTime);
}

/// Under run and gate the target has no handler of ours; there, and by plain preload, one that the
/// program has, ignores or blocks comes first.
Judged signal_is_free(const ProcessFacts& facts) {
    if (!is_loaded(facts)) return std::nullopt;
    const std::string pid = std::to_string(facts.pid);
    const std::string signal = name_of_signal(facts.signal);
    const std::string kill = "kill -" + signal + " " + pid;
    const std::string advice = "loiter dump " + pid + " works whatever its signals do";
    const std::string no_report = ": " + kill + " gives no report";
    switch (facts.disposition) {
        case Disposition::kReports: return Check{"", Mark::kOk, kill + " gives a report", ""};
        case Disposition::kHandled:
            return Check{"", Mark::kWarn, "the program has its own handler for " + signal + no_report, advice};
        case Disposition::kIgnored: return Check{"", Mark::kWarn, "it ignores " + signal + no_report, advice};
        case Disposition::kBlocked:
            return Check{"", Mark::kWarn, "all its threads block " + signal + no_report, advice};
        case Disposition::kDefault:
            return Check{"", Mark::kOk, signal + " has its default action: " + kill + " would end the process",
                         "loiter dump " + pid};
    }
    return std::nullopt;
}

Judged seccomp_lets_it_work(const ProcessFacts& facts) {
    if (!is_loaded(facts) || !facts.has_own_filter) return std::nullopt;
    return Check{"", Mark::kWarn,
                 "it has a seccomp filter: where it installed that itself, no more is recorded than there is room for, "
                 "and no report comes from inside",
                 "loiter dump " + std::to_string(facts.pid) + " from outside, or loiter run"};
}

Judged it_is_not_elsewhere(const ProcessFacts& facts) {
    if (!is_loaded(facts) || (!facts.other_pid_namespace && !facts.other_files)) return std::nullopt;
    if (!facts.other_pid_namespace) {
        return Check{"", Mark::kOk,
                     "it has another root folder or mount namespace: files are read through /proc/PID/root", ""};
    }
    return Check{"", Mark::kOk, "it is in another pid namespace: reports translate its thread ids", ""};
}

Judged states_can_be_read(const ProcessFacts& facts) {
    // Without the file (ENOENT) the kernel was built without it: nobody's right is missing.
    if (!is_loaded(facts) || facts.states_error == 0) return std::nullopt;
    const std::string cause =
        facts.ptrace_scope > 0 && facts.states_error == EPERM
            ? "kernel.yama.ptrace_scope is " + std::to_string(facts.ptrace_scope)
            : std::string("/proc/PID/syscall cannot be read (") + std::strerror(facts.states_error) + ")";
    return Check{"", Mark::kWarn,
                 cause + ": a dump has what the recording says, but no stacks of threads outside wrappers",
                 facts.ptrace_scope == 3 ? "it cannot be lowered before the next boot" : "dump as root"};
}

constexpr CheckRow<ProcessFacts> kProcessChecks[] = {
    {"process", it_runs},
    {"rights", it_may_be_looked_at},
    {"library", library_is_loaded},
    {"recording", recording_can_be_read},
    {"signal", signal_is_free},
    {"seccomp", seccomp_lets_it_work},
    {"namespaces", it_is_not_elsewhere},
    {"ptrace", states_can_be_read},
};

}  // namespace

std::vector<Check> check_process(const ProcessFacts& facts) {
    return judge_all<ProcessFacts>(kProcessChecks, facts);
}

}  // namespace doctor
