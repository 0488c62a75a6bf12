// SPDX-License-Identifier: Apache-2.0
#include "read/calls/children.h"

#include <algorithm>

#include "read/calls/system_calls.h"
#include "read/calls/words.h"
#include "read/kernel/proc.h"
#include "read/kernel/tasks.h"

namespace reader {

namespace {

constexpr size_t kToldChildren = 6;

std::string_view state_word(char state) {
    switch (state) {
        case 'R': return "running";
        case 'S':
        case 'I': return "sleeping";
        case 'D': return "in uninterruptible sleep";
        case 'T': return "stopped";
        case 't': return "stopped by a tracer";
        case 'Z':
        case 'X': return "ended";
        default: return "in a state that is not known";
    }
}

}  // namespace

/// Children are all threads' together; the kernel lists them by thread only.
const std::vector<Children::Child>& Children::all() {
    if (children_) return *children_;
    children_.emplace();
    for (const uint32_t pid : process_ids()) {
        const std::optional<TaskStat> stat = stat_of_process(pid);
        if (!stat || stat->parent != pid_) continue;
        children_->push_back({pid, translates_ ? innermost_pid(pid, pid) : pid, stat->group, stat->state});
    }
    return *children_;
}

std::string Children::describe(const Child& child) {
    const std::string number = std::to_string(child.pid);
    const std::string command = command_of_process(child.pid, kShownCommand);
    return number + (command.empty() ? "" : " (" + command + ")") + ", " + std::string(state_word(child.state));
}

std::string Children::words(const AwaitedChild& awaited) {
    const std::vector<Child>& children = all();
    if (awaited.pid > 0) {
        const auto child = std::find_if(children.begin(), children.end(),
                                        [&](const Child& one) { return one.inner_pid == awaited.pid; });
        if (child != children.end()) return "child " + describe(*child);
        return "child " + std::to_string(awaited.pid) + ", which is no child of this process";
    }
    std::string text = "any child";
    std::optional<int64_t> group;
    if (awaited.pid != -1) {
        const std::optional<TaskStat> own = stat_of_process(pid_);
        group = awaited.pid == 0 ? (own ? own->group : 0) : -awaited.pid;
        text += " of process group " + std::to_string(*group);
    }
    std::vector<std::string> parts;
    size_t count = 0;
    for (const Child& child : children) {
        if (group && child.group != *group) continue;
        ++count;
        if (parts.size() < kToldChildren) parts.push_back(describe(child));
    }
    if (count == 0) return text + ": there is none";
    return text + ": " + joined(parts, count - parts.size());
}

/// The kernel lists children by the thread that made them; where it does not, any of the process' may be it.
std::string Children::words_of_new(uint32_t tid) {
    constexpr size_t kListed = 1 << 16;
    std::vector<uint32_t> made;
    int error = 0;
    const std::string list = read_small_file(task_path(pid_, tid, "children"), kListed, &error);
    for (const std::string_view field : fields_of(list, kListed)) {
        if (const std::optional<uint32_t> pid = number_in<uint32_t>(field)) made.push_back(*pid);
    }
    if (error != 0) {
        for (const Child& child : all()) made.push_back(child.pid);
    }
    std::vector<std::string> parts;
    for (const uint32_t pid : made) {
        const std::optional<TaskStat> stat = stat_of_process(pid);
        if (!stat || stat->parent != pid_ || stat->has_executed) continue;
        const std::optional<SystemCall> call = call_of_task(pid, pid);
        const std::string function = call ? kernel_wait(*call).io_function : "";
        parts.push_back(describe({pid, pid, stat->group, stat->state}) + (function.empty() ? "" : " in " + function) +
                        ", has not executed its program yet");
    }
    return parts.empty() ? "a new child" : "child " + joined(parts, 0);
}

}  // namespace reader
