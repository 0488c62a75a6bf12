// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/tasks.h"

#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "read/kernel/target_memory.h"

namespace reader {

namespace {

constexpr size_t kCallBytes = 512;

/// Who sleeps at two looks, and never left a processor between them, slept from the one to the
/// other. Where all did so, and are all there are, all slept when the second look began.
bool sleep_on(uint32_t pid, const std::vector<Task>& tasks) {
    const auto slept = [](const Task& task) { return is_asleep(task.status); };
    if (tasks.empty() || !std::all_of(tasks.begin(), tasks.end(), slept)) return false;
    auto task = tasks.begin();
    for (const uint32_t tid : task_ids(pid)) {
        const std::optional<TaskStatus> now = status_of_task(pid, tid);
        if (now && (now->state == 'Z' || now->state == 'X')) continue;
        const bool is_next = task != tasks.end() && task->tid == tid;
        if (!is_next || !is_asleep(now) || now->switches != task->status->switches) return false;
        ++task;
    }
    return task == tasks.end();
}

/// `arguments`: of clone3, which has them in memory.
bool is_like_vfork(uint32_t pid, uint64_t arguments) {
    uint64_t flags = 0;  // come first
    return read_memory(pid, arguments, &flags, sizeof(flags)).bytes == sizeof(flags) && (flags & CLONE_VFORK) != 0;
}

}  // namespace

std::optional<SystemCall> call_of_task(uint32_t pid, uint32_t tid, int* error) {
    std::optional<SystemCall> call =
        parse_system_call(read_small_file(task_path(pid, tid, "syscall"), kCallBytes, error));
    if (call && !call->running && call->number == SYS_clone3)
        call->awaits_new_child = is_like_vfork(pid, call->arguments[0]);
    return call;
}

std::optional<Task> look_at_task(uint32_t pid, uint32_t tid, int& call_error) {
    Task task;
    task.tid = tid;
    task.status = status_of_task(pid, tid);
    std::optional<TaskStat> stat = stat_of_task(pid, tid);
    if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
    task.stat = std::move(*stat);
    int error = 0;
    task.call = call_of_task(pid, tid, &error);
    if (error != 0 && error != ENOENT && error != ESRCH) call_error = error;
    return task;
}

TaskLook look_at_tasks(uint32_t pid, bool translates) {
    TaskLook look;
    for (const uint32_t tid : task_ids(pid)) {
        std::optional<Task> task = look_at_task(pid, tid, look.call_error);
        if (!task) continue;
        task->recorded_tid = translates ? innermost_pid(pid, tid) : tid;
        look.tasks.push_back(std::move(*task));
    }
    look.all_slept = sleep_on(pid, look.tasks);
    return look;
}

bool is_stopped(const std::vector<Task>& tasks) {
    return !tasks.empty() && std::all_of(tasks.begin(), tasks.end(), [](const Task& task) {
        return task.stat.state == 'T' || task.stat.state == 't';
    });
}

/// The count is read before the first look at the call, and after the second: then it was the same at both,
/// in both it slept, and so it was one sleep. Read earlier, the second count could be of a thread that was
/// awake and came back to its call.
bool sleeps_on(uint32_t pid, const Task& task) {
    int ignored = 0;
    const std::optional<Task> now = look_at_task(pid, task.tid, ignored);
    if (!now || now->call != task.call || now->stat.start_ticks != task.stat.start_ticks) return false;
    const std::optional<TaskStatus> after = status_of_task(pid, task.tid);
    return after && task.status && after->switches == task.status->switches;
}

}  // namespace reader
