// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of the threads of a live process, without disturbing them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "read/kernel/proc.h"

namespace reader {

struct Task {
    uint32_t tid = 0;                  ///< in the reader's pid namespace
    uint32_t recorded_tid = 0;         ///< in the process' own; 0: not known
    std::optional<TaskStatus> status;  ///< from before `call`
    TaskStat stat;
    std::optional<SystemCall> call;  ///< empty: no right to know
};

struct TaskLook {
    std::vector<Task> tasks;  ///< by tid; zombies are left out
    int call_error = 0;       ///< why a system call could not be read; 0: all could
    bool all_slept = false;   ///< at one moment after all of that was read, in the very calls that were
};

/// Empty: there is no such thread, or `error`, an errno, says why it cannot be known.
std::optional<SystemCall> call_of_task(uint32_t pid, uint32_t tid, int* error = nullptr);

/// Empty: it is gone. `call_error` is set only where a system call could not be read.
std::optional<Task> look_at_task(uint32_t pid, uint32_t tid, int& call_error);

/// `translates`: the process has other numbers in its own pid namespace.
TaskLook look_at_tasks(uint32_t pid, bool translates);

/// All are stopped, by a signal or a debugger: none runs until somebody lets them go on.
bool is_stopped(const std::vector<Task>& tasks);
inline constexpr char kStoppedNote[] =
    "the process is stopped, as by SIGSTOP or a debugger: its threads are where that met them";

/// It is in the very call that `task` was seen in, and never left it: the kernel counts how often a
/// thread came to a halt.
bool sleeps_on(uint32_t pid, const Task& task);

}  // namespace reader
