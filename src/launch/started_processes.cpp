// SPDX-License-Identifier: Apache-2.0
#include "launch/started_processes.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "launch/newcomers.h"
#include "read/kernel/proc.h"

namespace launch {
namespace {

constexpr int kMostAncestors = 1024;

/// A process whose main thread has ended looks dead, and lives by the others.
bool is_live(uint32_t pid, const reader::TaskStat& stat) {
    return (stat.state != 'Z' && stat.state != 'X') || reader::live_task(pid) != 0;
}

bool is_still(uint32_t pid, uint64_t start_ticks) {
    const std::optional<reader::TaskStat> stat = reader::stat_of_process(pid);
    return stat && stat->start_ticks == start_ticks && is_live(pid, *stat);
}

/// Between a look at a pid and a signal to it the pid may become another process': the descriptor comes before both.
void send(uint32_t pid, uint64_t start_ticks, int signal) {
    const auto process = static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0));
    if (is_still(pid, start_ticks)) {
        if (process >= 0) {
            syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0);
        } else {
            kill(static_cast<pid_t>(pid), signal);  // an older kernel, or no descriptor is left
        }
    }
    if (process >= 0) close(process);
}

}  // namespace

StartedProcesses::StartedProcesses(pid_t root, std::string variable)
    : root_(static_cast<uint32_t>(root)), variable_(std::move(variable)) {
    if (const auto stat = reader::stat_of_process(root_)) root_start_ticks_ = stat->start_ticks;
}

bool StartedProcesses::look(const std::vector<uint32_t>& known) {
    std::map<uint32_t, reader::TaskStat> all;
    for (const uint32_t pid : reader::process_ids()) {
        if (std::optional<reader::TaskStat> stat = reader::stat_of_process(pid)) all.emplace(pid, std::move(*stat));
    }
    std::erase_if(met_, [&](const auto& entry) {
        const auto now = all.find(entry.first);
        return now == all.end() || now->second.start_ticks != entry.second;
    });
    const auto is_root = [&](uint32_t pid, const reader::TaskStat& stat) {
        return pid == root_ && stat.start_ticks == root_start_ticks_;
    };
    const auto descends = [&](uint32_t pid) {
        auto at = all.find(pid);
        for (int i = 0; i < kMostAncestors && at != all.end() && pid > 1; ++i) {
            if (is_root(pid, at->second) || met_.contains(pid)) return true;
            pid = at->second.parent;
            const uint64_t child_start = at->second.start_ticks;
            at = all.find(pid);
            // Who is younger than its child took the number of the parent, which ended during the look.
            if (at != all.end() && at->second.start_ticks > child_start) return false;
        }
        return false;
    };
    const auto own = static_cast<uint32_t>(getpid());
    bool has_met_new = false;
    for (const auto& [pid, stat] : all) {
        if (pid == own || is_root(pid, stat) || stat.is_kernel_thread || !is_live(pid, stat)) continue;
        if (std::find(known.begin(), known.end(), pid) != known.end() || descends(pid) || was_given(variable_, pid))
            has_met_new |= met_.emplace(pid, stat.start_ticks).second;
    }
    return has_met_new;
}

void StartedProcesses::signal(int signal) const {
    for (const auto& [pid, start_ticks] : met_) send(pid, start_ticks, signal);
}

bool StartedProcesses::any_live() const {
    return std::any_of(met_.begin(), met_.end(), [](const auto& entry) { return is_still(entry.first, entry.second); });
}

}  // namespace launch
