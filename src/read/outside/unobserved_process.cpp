// SPDX-License-Identifier: Apache-2.0
//
// Threads are looked at twice, and the locks read between the looks: what a thread waits for that slept
// in one wait from the first look to the second, and who had the lock then, was true at one moment.
#include "read/outside/unobserved_process.h"

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "read/calls/system_calls.h"
#include "read/kernel/mappings.h"
#include "read/kernel/program_kind.h"
#include "read/kernel/target_memory.h"
#include "read/kernel/tasks.h"
#include "read/outside/jit_frames.h"
#include "read/outside/outside_stacks.h"
#include "read/outside/python_stacks.h"
#include "read/outside/unobserved_threads.h"
#include "read/owners/stream_locks.h"
#include "read/read.h"
#include "read/records/identity.h"
#include "read/wakers.h"

namespace reader {

namespace {

double seconds_since_start(const TaskStat& stat) {
    const double started = static_cast<double>(stat.start_ticks) / static_cast<double>(ticks_per_second());
    return std::max(0.0, static_cast<double>(boottime_now()) / 1e9 - started);
}

bool is_in_other_namespace(uint32_t pid, uint32_t task) {
    const uint64_t its = namespace_inode(task_path(pid, task, "ns/pid"));
    return its != 0 && its != namespace_inode("/proc/self/ns/pid");
}

/// A thread of the process that lives, by which everything else is reached. Throws Error.
uint32_t check_process(uint32_t pid) {
    const std::string process = "process " + std::to_string(pid);
    if (!process_exists(pid)) throw Error("there is no " + process);
    const uint32_t task = live_task(pid);
    if (task == 0) throw Error(process + " has ended; only its parent has not taken notice yet");
    const std::optional<TaskStat> stat = stat_of_process(pid);
    if (stat && stat->is_kernel_thread) {
        throw Error(process + " (" + stat->name + ") is a thread of the kernel: there is no program to look at");
    }
    size_t mappings = 0;
    const int error = visit_mappings(pid, [&](const Mapping&) { return ++mappings == 0; });
    if (error == EACCES || error == EPERM) {
        throw Error("no right to look at " + process + "; run as its user or as root");
    }
    if (error == ESRCH) throw Error(process + " has ended");
    if (error != 0) throw Error(process + " cannot be looked at: " + why_hidden(error));
    return task;
}

/// Throws Error for what cannot be unwound, or even be told apart, here.
void check_program(uint32_t pid, const ProgramKind& kind) {
    if (!kind.is_elf || (kind.is_64_bit && kind.machine == EM_X86_64)) return;
    throw Error("process " + std::to_string(pid) + " runs a " + (kind.is_64_bit ? "" : "32-bit ") +
                machine_name(kind.machine) + " program; loiter reads 64-bit x86-64 ones only");
}

class Look {
public:
    Look(uint32_t pid, LookOptions options)
        : pid_(pid),
          options_(options),
          task_(check_process(pid)),
          kind_(program_kind(task_path(pid, task_, "exe"))),
          translates_(is_in_other_namespace(pid, task_)),
          outside_(pid),
          streams_(
              [pid](uint64_t address, void* to, size_t bytes) { return read_memory(pid, address, to, bytes).bytes; },
              [this](std::span<const std::string_view> names) { return outside_.objects_of_libc(names); },
              [this](std::span<const std::string_view> names) { return outside_.functions_of_libc(names); }) {
        check_program(pid, kind_);
    }

    snapshot::Snapshot take() {
        tasks_ = look_at_tasks(pid_, translates_);
        std::stable_sort(tasks_.tasks.begin(), tasks_.tasks.end(), [](const Task& one, const Task& other) {
            return one.stat.start_ticks < other.stat.start_ticks;
        });
        std::vector<Sight> sights;
        for (const Task& task : tasks_.tasks) sights.push_back(look_at(task));
        locks_ = locks_of(sights);
        words_ = read_lock_words(pid_, locks_);
        read_futex_values(
            [this](uint64_t address, void* to, size_t bytes) { return read_memory(pid_, address, to, bytes); },
            futexes_of(sights), words_);
        add_stream_owners(streams_, sights, words_);
        const std::set<uint32_t> still = settle(sights);
        return put_together(std::move(sights), still);
    }

private:
    Sight look_at(const Task& task) {
        Sight sight;
        sight.age_seconds = seconds_since_start(task.stat);
        sight.cpu_seconds = static_cast<double>(task.stat.cpu_ticks) / static_cast<double>(ticks_per_second());
        std::optional<OutsideStacks::Sight> seen = outside_.look(task);
        sight.task = seen ? std::move(seen->task) : task;
        if (seen) {
            sight.stack = std::move(seen->stack);
            if (sight.task.call && awaited_futex(*sight.task.call) != 0)
                sight.wait = library_wait(*sight.task.call, seen->function);
        }
        find_stream(streams_, sight);
        return sight;
    }

    /// Returns the numbers of all threads there are, as the process has them.
    std::set<uint32_t> settle(std::vector<Sight>& sights) const {
        for (Sight& sight : sights) {
            const std::optional<TaskStatus> now = status_of_task(pid_, sight.task.tid);
            sight.settled =
                is_asleep(sight.task.status) && is_asleep(now) && now->switches == sight.task.status->switches;
            sight.asleep =
                sight.settled && tasks_.all_slept && sight.task.call && is_untimed_futex_wait(*sight.task.call, true);
        }
        std::set<uint32_t> all;
        for (const uint32_t tid : task_ids(pid_)) all.insert(translates_ ? innermost_pid(pid_, tid) : tid);
        return all;
    }

    /// A process that was forked, and runs the same program, has the locks as they were then: with the numbers of
    /// the threads that had taken them. The one that forked may unlock them under its new number.
    bool is_of_other_process(uint32_t tid) const {
        if (translates_ || status_of_task(pid_, tid) || !stat_of_process(tid)) return false;
        const std::optional<TaskStat> stat = stat_of_process(pid_);
        return stat && !stat->has_executed;
    }

    /// It may have unlocked and ended since the locks were read: only one that ended first and is still
    /// named left its lock behind. A listing of threads may lack one that lives, where others come and go.
    bool is_gone(uint64_t address, uint32_t tid, const std::set<uint32_t>& still) {
        if (is_of_other_process(tid)) {
            taken_before_fork_.insert(address);
            return false;
        }
        if (still.contains(tid) || (!translates_ && status_of_task(pid_, tid))) return false;
        const auto lock = locks_.find(address);
        if (lock == locks_.end()) return false;
        const LockWords now = read_lock_words(pid_, {*lock});
        const auto owner = now.owner_tids.find(address);
        return owner != now.owner_tids.end() && owner->second == tid;
    }

    snapshot::Process describe() const {
        snapshot::Process process;
        process.pid = pid_;
        process.exe = read_link(task_path(pid_, task_, "exe"));
        process.command = arguments_of_process(pid_);
        process.observed = false;
        process.reason = snapshot::Reason::kDump;
        process.end = snapshot::End::kAlive;
        process.root = root_of(pid_);
        process.deleted = deleted_files(pid_);
        if (const std::optional<TaskStat> stat = stat_of_process(pid_)) {
            process.ppid = stat->parent;
            process.uptime_seconds = seconds_since_start(*stat);
        }
        return process;
    }

    snapshot::Snapshot put_together(std::vector<Sight>&& sights, const std::set<uint32_t>& still) {
        const ModuleTable modules(outside_.modules());
        StackTable stacks(modules);
        const uint32_t main = translates_ ? innermost_pid(pid_, pid_) : pid_;
        CallDetails details(pid_, translates_, 0);
        RunningThreads running(pid_, outside_, stacks, options_);
        const UnobservedThreads::Live live{details, running};
        UnobservedThreads threads(main, stacks, &live);
        threads.add(std::move(sights), words_, task_ != pid_,
                    [&](uint64_t lock, uint32_t tid) { return is_gone(lock, tid, still); });

        snapshot::Snapshot snapshot;
        snapshot.process = describe();
        snapshot.threads = threads.threads();
        name_ended_main(snapshot.threads);
        snapshot.lock_memory = threads.lock_memory();
        for (const uint64_t lock : taken_before_fork_) snapshot.lock_memory[lock].taken_before_fork = true;
        snapshot.created_total = static_cast<uint32_t>(snapshot.threads.size());
        snapshot.modules = modules.latest();
        PythonStacks python(pid_);
        python.add_to(snapshot.threads, tasks_.tasks, stacks);
        fill_unobserved_wakers(pid_, tasks_, snapshot);
        add_notes(stacks, snapshot.notes);
        if (std::string note = python.note(); !note.empty()) snapshot.notes.push_back(std::move(note));
        snapshot.stacks = stacks.take();
        mark_jit_frames(pid_, snapshot.process.root, snapshot.stacks);
        return snapshot;
    }

    /// It is in no listing of threads that live; the process still has its name.
    void name_ended_main(std::vector<snapshot::Thread>& threads) const {
        const std::optional<TaskStat> stat = task_ != pid_ ? stat_of_process(pid_) : std::nullopt;
        if (stat && !threads.empty() && threads.front().finished) threads.front().name = stat->name;
    }

    void add_notes(const StackTable& stacks, std::vector<std::string>& notes) const {
        if (std::string unseen = unseen_of(kind_); !unseen.empty()) notes.push_back(std::move(unseen));
        if (is_stopped(tasks_.tasks)) notes.emplace_back(kStoppedNote);
        if (tasks_.call_error != 0) {
            notes.push_back(std::string("what the threads do could not be read from /proc (") +
                            std::strerror(tasks_.call_error) + "); run as root");
        }
        for (std::string& note : outside_.notes()) notes.push_back(std::move(note));
        for (std::string& note : stacks.notes()) notes.push_back(std::move(note));
    }

    uint32_t pid_;
    LookOptions options_;
    uint32_t task_;  ///< a thread that lives
    ProgramKind kind_;
    bool translates_;
    OutsideStacks outside_;
    StreamLocks streams_;
    TaskLook tasks_;
    LocksToAsk locks_;
    LockWords words_;
    std::set<uint64_t> taken_before_fork_;  ///< addresses of locks
};

}  // namespace

snapshot::Snapshot look_at_unobserved(uint32_t pid, LookOptions options) {
    return Look(pid, options).take();
}

}  // namespace reader
