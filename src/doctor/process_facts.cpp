// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <linux/auxvec.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "doctor/machine_facts.h"
#include "doctor/process_checks.h"
#include "launch/launch.h"
#include "read/kernel/mappings.h"
#include "read/kernel/proc.h"
#include "read/read.h"

namespace doctor {
namespace {

constexpr size_t kProcessStatusBytes = 8192;
constexpr size_t kEnvironmentBytes = 4U << 20;  // more than the kernel lets any program have by default
uint64_t bit_of(int signal) {
    return uint64_t{1} << (signal - 1);
}

std::string status_of(uint32_t pid, uint32_t tid) {
    return reader::read_small_file(reader::task_path(pid, tid, "status"), kProcessStatusBytes);
}

/// No thread is left that would take the signal.
bool all_threads_block(uint32_t pid, int signal) {
    bool any = false;
    for (const uint32_t tid : reader::task_ids(pid)) {
        const std::string status = status_of(pid, tid);
        if (status.empty()) continue;
        any = true;
        if ((status_number(status, "SigBlk:", 16) & bit_of(signal)) == 0) return false;
    }
    return any;
}

Disposition disposition_of(const ProcessFacts& facts, const std::string& status) {
    const uint64_t bit = bit_of(facts.signal);
    if ((status_number(status, "SigIgn:", 16) & bit) != 0) return Disposition::kIgnored;
    if (all_threads_block(facts.pid, facts.signal)) return Disposition::kBlocked;
    if ((status_number(status, "SigCgt:", 16) & bit) == 0) return Disposition::kDefault;
    return facts.signal_is_ours ? Disposition::kReports : Disposition::kHandled;
}

void look_at_mappings(ProcessFacts& facts) {
    facts.maps_error = reader::visit_mappings(facts.pid, [&](const reader::Mapping& mapping) {
        if (mapping.path.ends_with("/libloiter.so")) facts.library = mapping.path;
        return facts.library.empty();
    });
}

std::optional<bool> secure_mode(uint32_t pid) {
    const std::string bytes = reader::read_small_file(reader::proc_path(pid, "auxv"), kProcessStatusBytes);
    for (size_t offset = 0; offset + sizeof(Elf64_auxv_t) <= bytes.size(); offset += sizeof(Elf64_auxv_t)) {
        Elf64_auxv_t entry;
        std::memcpy(&entry, bytes.data() + offset, sizeof entry);
        if (entry.a_type == AT_SECURE) return entry.a_un.a_val != 0;
    }
    return std::nullopt;
}

void look_at_environment(ProcessFacts& facts) {
    int error = 0;
    const std::string text =
        reader::read_small_file(reader::proc_path(facts.pid, "environ"), kEnvironmentBytes, &error);
    if (error != 0) return;
    facts.preload_names_library = false;
    for (size_t start = 0; start < text.size();) {
        const std::string variable(text.c_str() + start);
        if (variable.starts_with("LD_PRELOAD=") && variable.find("libloiter.so") != std::string::npos) {
            facts.preload_names_library = true;
        }
        if (variable.starts_with("LOITER_SUPERVISOR=")) facts.is_of_run = true;
        start += variable.size() + 1;
    }
}

void look_at_recording(ProcessFacts& facts) {
    try {
        const reader::Recording recording = reader::Recording::of_process(facts.pid);
        facts.recording = recording.path();
        facts.recording_is_readable = true;
        facts.signal_is_ours = recording.report_signal() != 0;
        if (facts.signal_is_ours) facts.signal = recording.report_signal();
    } catch (const reader::Error& error) {
        facts.recording = error.what();
        facts.recording_is_coming = !facts.library.empty() && !facts.is_of_run;
    }
}

bool is_elsewhere(uint32_t pid, const char* which) {
    const std::string own = reader::read_link(std::string("/proc/self/") + which);
    const std::string its = reader::read_link(reader::proc_path(pid, which));
    return !own.empty() && !its.empty() && own != its;
}

}  // namespace

ProcessFacts look_at_process(uint32_t pid) {
    ProcessFacts facts;
    facts.pid = pid;
    facts.exists = reader::process_exists(pid);
    if (!facts.exists) return facts;
    const std::string status = status_of(pid, pid);
    const auto stat = reader::stat_of_process(pid);
    facts.has_ended = stat && (stat->state == 'Z' || stat->state == 'X') && reader::live_task(pid) == 0;
    facts.user = static_cast<uint32_t>(status_number(status, "Uid:", 10));
    facts.by_root = geteuid() == 0;
    facts.is_own = facts.by_root || facts.user == geteuid();
    facts.is_kernel_thread =
        stat && status.find("\nVmSize:") == std::string::npos && !facts.has_ended && reader::live_task(pid) == pid;
    if (facts.has_ended) return facts;

    struct stat owner = {};
    const bool is_root = facts.user == 0;
    facts.is_dumpable =
        is_root || stat == std::nullopt || ::stat(reader::proc_path(pid, "").c_str(), &owner) != 0 || owner.st_uid != 0;
    look_at_mappings(facts);
    facts.exe = reader::exe_of_process(pid);
    facts.program = launch::look_at_program(reader::task_path(pid, reader::live_task(pid), "exe"));
    facts.is_secure = secure_mode(pid);
    look_at_environment(facts);
    look_at_recording(facts);
    facts.disposition = disposition_of(facts, status);
    const std::string own_status = status_of(static_cast<uint32_t>(getpid()), static_cast<uint32_t>(getpid()));
    const bool has_more_filters =
        status_number(status, "Seccomp_filters:", 10) > status_number(own_status, "Seccomp_filters:", 10);
    facts.has_own_filter = has_more_filters && status_number(status, "Seccomp:", 10) == 2;
    facts.other_pid_namespace = is_elsewhere(pid, "ns/pid");
    facts.other_files = is_elsewhere(pid, "ns/mnt") || is_elsewhere(pid, "root");
    reader::read_small_file(reader::proc_path(pid, "syscall"), 512, &facts.states_error);
    facts.ptrace_scope = look_at_machine().ptrace_scope;
    return facts;
}

}  // namespace doctor
