// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/killing.h"

#include <csignal>
#include <initializer_list>
#include <optional>

#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr uint64_t bits(std::initializer_list<int> signals) {
    uint64_t set = 0;
    for (const int signal : signals) set |= uint64_t{1} << (signal - 1);
    return set;
}

/// By default a process lives on: signal(7).
constexpr uint64_t kHarmless = bits({SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU});

}  // namespace

bool is_being_killed(uint32_t pid) {
    for (const uint32_t tid : task_ids(pid)) {
        const std::optional<TaskStat> stat = stat_of_task(pid, tid);
        if (!stat) continue;
        if (stat->was_killed) return true;
        // Until a stopped one goes on nothing but KILL ends it.
        const uint64_t deadly = stat->state == 'T' ? bits({SIGKILL}) : ~kHarmless;
        const std::optional<TaskStatus> status = status_of_task(pid, tid);
        // The kernel tells the threads of a process that one signal ends by a KILL each.
        if (status && (status->pending & ~status->caught & deadly) != 0) return true;
    }
    return false;
}

}  // namespace reader
