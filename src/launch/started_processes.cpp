// SPDX-License-Identifier: Apache-2.0
#include "launch/started_processes.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "launch/newcomers.h"
#include "read/proc.h"

namespace launch {
namespace {

constexpr int kMostAncestors = 1024;

bool is_live(const std::optional<reader::TaskStat>& stat) {
    return stat && stat->state != 'Z' && stat->state != 'X';
}

bool is_still(uint32_t pid, uint64_t start_ticks) {
    const std::optional<reader::TaskStat> stat = reader::stat_of_process(pid);
    return is_live(stat) && stat->start_ticks == start_ticks;
}

}  // namespace

void StartedProcesses::look(const std::vector<uint32_t>& known) {
    std::map<uint32_t, reader::TaskStat> all;
    for (const uint32_t pid : reader::process_ids()) {
        if (std::optional<reader::TaskStat> stat = reader::stat_of_process(pid)) all.emplace(pid, std::move(*stat));
    }
    std::erase_if(met_, [&](const auto& entry) {
        const auto now = all.find(entry.first);
        return now == all.end() || now->second.start_ticks != entry.second;
    });
    const auto descends = [&](uint32_t pid) {
        for (int i = 0; i < kMostAncestors && pid > 1; ++i) {
            if (pid == root_ || met_.contains(pid)) return true;
            const auto found = all.find(pid);
            if (found == all.end()) return false;
            pid = found->second.parent;
        }
        return false;
    };
    const auto own = static_cast<uint32_t>(getpid());
    for (const auto& [pid, stat] : all) {
        if (pid == own || pid == root_ || !is_live(stat) || stat.is_kernel_thread) continue;
        if (std::find(known.begin(), known.end(), pid) != known.end() || descends(pid) ||
            (!directory_.empty() && has_environment_of(directory_, pid)))
            met_.emplace(pid, stat.start_ticks);
    }
}

void StartedProcesses::signal(int signal) const {
    for (const auto& [pid, start_ticks] : met_) {
        if (is_still(pid, start_ticks)) kill(static_cast<pid_t>(pid), signal);
    }
}

bool StartedProcesses::any_live() const {
    for (const auto& [pid, start_ticks] : met_) {
        if (is_still(pid, start_ticks)) return true;
    }
    return false;
}

}  // namespace launch
