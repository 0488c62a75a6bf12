// SPDX-License-Identifier: Apache-2.0
#include "read/records/identity.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include "read/kernel/mappings.h"
#include "read/kernel/proc.h"
#include "read/records/recording_name.h"

namespace reader {

using protocol::ProcessRecord;

namespace {

constexpr uint64_t kInitialPidNamespace = 0xeffffffc;  // linux/proc_ns.h: PROC_PID_INIT_INO
constexpr size_t kNamespacesBytes = 4096;

uint64_t own_pid_namespace() {
    return namespace_inode("/proc/self/ns/pid");
}

std::array<uint8_t, 16> boot_id_of(const ProcessRecord& head) {
    std::array<uint8_t, 16> id{};
    std::memcpy(id.data(), head.boot_id, id.size());
    return id;
}

bool has_ended(const TaskStat& stat) {
    return stat.state == 'Z' || stat.state == 'X';
}

/// ProcessRecord::phase and ::end say that exec was called.
bool says_exec(const Source& source) {
    protocol::Phase phase{};
    protocol::End end{};
    return read_value(source, offsetof(ProcessRecord, phase), phase) &&
           read_value(source, offsetof(ProcessRecord, end), end) && phase == protocol::Phase::kDone &&
           end == protocol::End::kExec;
}

/// The target says that it ends, or its parent that it did.
bool says_ended(const Source& source) {
    protocol::Phase phase{};
    uint32_t has_wait_status = 0;
    read_value(source, offsetof(ProcessRecord, phase), phase);
    read_value(source, offsetof(ProcessRecord, has_wait_status), has_wait_status);
    return phase == protocol::Phase::kDone || has_wait_status != 0;
}

}  // namespace

Identity::Identity(const ProcessRecord& head, uint32_t pid)
    : recorded_pid_(head.pid),
      start_ticks_(head.start_ticks),
      pid_namespace_(head.pid_namespace),
      nonce_(head.nonce),
      boot_id_(boot_id_of(head)),
      pid_(pid != 0 || is_in_other_namespace() ? pid : head.pid) {}

bool Identity::is_in_other_namespace() const {
    const uint64_t own = own_pid_namespace();
    return pid_namespace_ != 0 && own != 0 && pid_namespace_ != own;
}

/// The visible process that has the recorded pid in its own namespace. O(processes).
uint32_t Identity::find() const {
    if (pid_ != 0 || start_ticks_ == 0) return pid_;
    for (const uint32_t pid : process_ids()) {
        const std::optional<TaskStat> stat = stat_of_process(pid);
        if (!stat || stat->start_ticks != start_ticks_) continue;
        const std::vector<uint32_t> pids =
            parse_namespace_pids(read_small_file(proc_path(pid, "status"), kNamespacesBytes));
        const uint64_t inode = namespace_inode(proc_path(pid, "ns/pid"));
        if (pids.size() > 1 && pids.back() == recorded_pid_ && (inode == 0 || inode == pid_namespace_)) {
            pid_ = pid;
            break;
        }
    }
    return pid_;
}

uint32_t Identity::pid() const {
    const uint32_t found = find();
    return found != 0 ? found : recorded_pid_;
}

bool Identity::is_of_this_boot() const {
    constexpr std::array<uint8_t, 16> kUnknown{};
    const std::array<uint8_t, 16> now = boot_id();
    return boot_id_ == kUnknown || now == kUnknown || boot_id_ == now;
}

bool Identity::runs() const {
    if (!is_of_this_boot()) return false;
    const uint32_t pid = find();
    const std::optional<TaskStat> stat = pid == 0 ? std::nullopt : stat_of_process(pid);
    if (!stat || (start_ticks_ != 0 && stat->start_ticks != start_ticks_)) return false;
    // The leader of a process whose main thread has ended looks like a dead process.
    return !has_ended(*stat) || live_task(pid) != 0;
}

bool Identity::is_visible() const {
    const uint64_t own = own_pid_namespace();
    if (own == 0) return false;  // there is no /proc
    return !is_in_other_namespace() || own == kInitialPidNamespace || find() != 0;
}

/// Looks whether the process still has the recording mapped.
Fate Identity::fate_of_running(const Source& source) const {
    if (source.inode() == 0) {
        uint64_t nonce = 0;
        return read_value(source, offsetof(ProcessRecord, nonce), nonce) && nonce == nonce_ ? Fate::kRuns : Fate::kGone;
    }
    bool is_mapped = false;
    const int error = visit_mappings(find(), [&](const Mapping& mapping) {
        const std::optional<RecordingName> name = parse_recording_name(mapping.path);
        is_mapped = mapping.inode == source.inode() || (name && name->nonce == nonce_);
        return !is_mapped;
    });
    if (is_mapped) return Fate::kRuns;
    if (error == ESRCH || start_ticks_ == 0) return Fate::kGone;
    if (error != 0) return says_exec(source) ? Fate::kReplaced : Fate::kRuns;
    return runs() ? Fate::kReplaced : Fate::kGone;
}

Fate Identity::fate(const Source& source) const {
    if (!is_of_this_boot()) return Fate::kGone;
    if (!is_visible()) return says_ended(source) ? Fate::kGone : Fate::kHidden;
    return runs() ? fate_of_running(source) : Fate::kGone;
}

std::string Identity::root() const {
    return root_of(pid());
}

std::string root_of(uint32_t pid) {
    const uint32_t task = live_task(pid);
    if (task == 0) return "";
    const std::string prefix = task == pid ? proc_path(pid, "root") : task_path(pid, task, "root");
    const std::string mounts = read_link(task_path(pid, task, "ns/mnt"));
    const std::string root = read_link(prefix);
    const bool is_same = (mounts.empty() || mounts == read_link("/proc/self/ns/mnt")) && (root.empty() || root == "/");
    return is_same ? "" : prefix;
}

}  // namespace reader
