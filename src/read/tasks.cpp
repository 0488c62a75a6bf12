// SPDX-License-Identifier: Apache-2.0
#include "read/tasks.h"

#include <cerrno>
#include <utility>

namespace reader {

namespace {

constexpr size_t kLineBytes = 512;

}  // namespace

TaskLook look_at_tasks(uint32_t pid, bool translates) {
    TaskLook look;
    for (const uint32_t tid : task_ids(pid)) {
        std::optional<TaskStat> stat = stat_of_task(pid, tid);
        if (!stat || stat->state == 'Z' || stat->state == 'X') continue;
        int error = 0;
        const std::string line = read_small_file(task_path(pid, tid, "syscall"), kLineBytes, &error);
        if (error != 0 && error != ENOENT && error != ESRCH) look.call_error = error;
        const uint32_t recorded_tid = translates ? innermost_pid(pid, tid) : tid;
        look.tasks.push_back({tid, recorded_tid, std::move(*stat), parse_system_call(line)});
    }
    return look;
}

std::string describe_descriptor(uint32_t pid, uint32_t tid, int descriptor) {
    const std::string number = std::to_string(descriptor);
    const std::string target = descriptor < 0 ? "" : read_link(task_path(pid, tid, "fd/" + number));
    return "fd " + number + (target.empty() ? "" : " " + target);
}

}  // namespace reader
