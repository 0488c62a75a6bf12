// SPDX-License-Identifier: Apache-2.0
//
// What /proc tells of processes and threads. Its files are written by the kernel but name what the
// target chose: parsing is bounded and never throws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reader {

/// A line of /proc/PID/stat or /proc/PID/task/TID/stat.
struct TaskStat {
    std::string name;
    char state = '?';  ///< R, S, D, Z, ...
    uint32_t parent = 0;
    bool is_kernel_thread = false;
    bool has_executed = false;  ///< a program, since it was forked
    bool was_killed = false;    ///< a signal ends it
    uint64_t cpu_ticks = 0;     ///< user and system time
    uint64_t user_ticks = 0;
    uint64_t start_ticks = 0;
    int64_t group = 0;  ///< process group
    /// Where its environment ends; 0: it has none yet, in the middle of an exec, or there is no right to know.
    uint64_t environment_end = 0;
};

/// What is wanted of /proc/PID/task/TID/status.
struct TaskStatus {
    char state = '?';
    uint64_t switches = 0;  ///< times it left a processor, of its own accord or not
    uint64_t sleeps = 0;    ///< those of its own accord
    uint64_t caught = 0;    ///< signals that the process has handlers for, signal n at bit n - 1
    uint64_t blocked = 0;   ///< signals that the thread lets wait
    uint64_t pending = 0;   ///< signals that are about to be delivered: sent, and not blocked
};

/// A line of /proc/PID/task/TID/syscall.
struct SystemCall {
    bool running = false;  ///< on a processor or ready to be: the rest is not known
    long number = -1;      ///< -1: stopped outside a system call
    std::array<uint64_t, 6> arguments{};
    uint64_t stack_pointer = 0;
    uint64_t pc = 0;
    /// In vfork, or a clone like it: the kernel holds it until its child has executed a program, or ended.
    bool awaits_new_child = false;

    bool operator==(const SystemCall&) const = default;
};

std::optional<TaskStat> parse_stat(std::string_view text);
std::optional<TaskStatus> parse_status(std::string_view text);
/// It sleeps, and a signal would wake it.
bool is_asleep(const std::optional<TaskStatus>& status);
/// What clone3 is called for lies in memory: see call_of_task.
std::optional<SystemCall> parse_system_call(std::string_view text);
/// The numbers of /proc/PID/status' line `NSpid:`, outermost namespace first; empty: none.
std::vector<uint32_t> parse_namespace_pids(std::string_view status);

/// Up to `limit` bytes of a file; empty when it cannot be read. `error`: errno, 0 when it could.
std::string read_small_file(const std::string& path, size_t limit, int* error = nullptr);
/// Up to `limit` bytes of a file of any size; empty when it cannot be read.
std::string read_file(const std::string& path, size_t limit);
std::string read_link(const std::string& path);
/// The number in "pid:[4026531836]"; 0: not known.
uint64_t namespace_inode(const std::string& link);
/// The process is in this one's namespace of a kind, such as "net"; false: it is not, or that is not known.
bool is_in_own_namespace(uint32_t pid, const std::string& kind);

std::string proc_path(uint32_t pid, std::string_view file);
std::string task_path(uint32_t pid, uint32_t tid, std::string_view file);

std::optional<TaskStat> stat_of_process(uint32_t pid);
std::optional<TaskStat> stat_of_task(uint32_t pid, uint32_t tid);
std::optional<TaskStatus> status_of_task(uint32_t pid, uint32_t tid);
/// The pid of a task in its own pid namespace; 0: not known.
uint32_t innermost_pid(uint32_t pid, uint32_t tid);

/// Up to `limit` bytes of its command line as it is now, each argument with a zero; empty: not known. As the
/// next one, of a process whose main thread has ended too: by then only the others have it.
std::string command_line_of_process(uint32_t pid, size_t limit);
std::string exe_of_process(uint32_t pid);
/// Empty: not known.
std::vector<std::string> arguments_of_process(uint32_t pid);

/// Numbers of the threads of a process, or of all processes; ascending, capped.
std::vector<uint32_t> task_ids(uint32_t pid);
std::vector<uint32_t> process_ids();
/// A thread that is no zombie; 0: none.
uint32_t live_task(uint32_t pid);

/// All zero: not known.
std::array<uint8_t, 16> boot_id();
uint64_t ticks_per_second();

/// Nanoseconds of CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_REALTIME.
uint64_t monotonic_now();
uint64_t boottime_now();
int64_t realtime_now();

}  // namespace reader
