// SPDX-License-Identifier: Apache-2.0
#include "read/threads.h"

#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "read/calls/system_calls.h"
#include "read/outside/library_waits.h"
#include "read/records/holds.h"

namespace reader {

using snapshot::LockKind;
using snapshot::State;

namespace {

constexpr uint64_t kStartSlackNs = 50'000'000;  ///< start times of threads are in ticks of 10 ms

/// Nobody can, or need, join it any more. Of threads that did not come through pthread_create it is
/// not known whether anybody should.
bool is_done_with(const ThreadCopy& copy) {
    return copy.is(protocol::kLifeJoined | protocol::kLifeDetached) || copy.origin == protocol::Origin::kAdopted;
}

std::optional<bool> is_detached(const ThreadCopy& copy) {
    if (copy.is(protocol::kLifeDetached)) return true;
    if (copy.origin == protocol::Origin::kAdopted) return std::nullopt;
    return false;
}

/// CLOCK_MONOTONIC time at which a task began.
uint64_t start_of(const Task& task) {
    const uint64_t since_boot = task.stat.start_ticks * (1'000'000'000 / ticks_per_second());
    const uint64_t monotonic = monotonic_now();
    const uint64_t suspended = boottime_now() - monotonic;  // read later, so never less
    return since_boot > suspended ? since_boot - suspended : 0;
}

/// Where the call need not be the wait's own for both to agree.
bool is_in_other_call(const SystemCall& call, protocol::WaitKind kind) {
    return kind == protocol::WaitKind::kSignal && call.number != SYS_restart_syscall &&
           kernel_wait(call).state != State::kSignalWait;
}

/// A clone that has its creator's memory may have what it waits in noted in the creator's record, while that one
/// waits for it. (What libc's system waits for is a child in any case.)
bool is_of_new_child(const WaitCopy& wait, const Task* task) {
    return task != nullptr && task->call && task->call->awaits_new_child && wait.kind != protocol::WaitKind::kChild;
}

}  // namespace

ThreadAssembly::ThreadAssembly(const ThreadLooks& looks, const ThreadRecords& records, StackTable& stacks,
                               OutsideStacks& outside, LookOptions options)
    : looks_(looks),
      records_(records),
      stacks_(stacks),
      outside_(outside),
      running_(looks.pid, outside, stacks, options),
      left_waits_(looks.pid, records, options),
      signals_(looks.second, looks.legacy.signals),
      handles_(looks.second),
      details_(looks.pid, looks.translates, looks.own_signals) {
    for (const ThreadCopy& copy : looks_.first) first_by_slot_.emplace(copy.slot, &copy);
    for (const Task& task : looks_.between.tasks) tasks_.emplace(task.recorded_tid, &task);
    for (const ThreadCopy& copy : looks_.second) {
        if (copy.tid == 0 || copy.is(protocol::kLifeFinished)) continue;
        uint32_t& number = tid_users_[copy.tid];
        number = std::max(number, copy.number);
    }
}

std::vector<snapshot::Thread> ThreadAssembly::assemble() {
    if (looks_.is_live) pair_unstarted();
    for (const ThreadCopy& copy : looks_.second) add(copy);
    if (looks_.is_live) add_unrecorded();
    for (const LeftWaits::Left& left : left_waits_.find()) leave_wait(left);
    running_.fill(threads_);
    for (const auto& [id, tid] : outside_joins_) {
        const snapshot::Thread* const joined = thread_with(tid, 0);
        if (joined != nullptr) threads_.at(id).wait->joins = joined->id;
    }
    std::vector<snapshot::Thread> threads;
    for (auto& [id, thread] : threads_) threads.push_back(thread);
    return threads;
}

/// A tid may have been used again by a later thread, when the earlier one left unseen.
const Task* ThreadAssembly::task_of(const ThreadCopy& copy) const {
    const auto unstarted = unstarted_.find(copy.number);
    if (unstarted != unstarted_.end()) return unstarted->second;
    const auto found = tasks_.find(copy.tid);
    if (copy.tid == 0 || found == tasks_.end()) return nullptr;
    return tid_users_.at(copy.tid) == copy.number ? found->second : nullptr;
}

/// What it noted as its end is the last that the library sees of it: destructors of the program's may come
/// after, and wait. One that really goes does not sleep on its way.
const Task* ThreadAssembly::task_past_end(const ThreadCopy& copy) const {
    const auto found = tasks_.find(copy.tid);
    if (copy.tid == 0 || found == tasks_.end() || tid_users_.contains(copy.tid)) return nullptr;
    const Task& task = *found->second;
    const bool is_its = start_of(task) <= copy.finished_ns;
    const bool sleeps = task.status && task.status->state == 'S' && task.call && !task.call->running;
    return is_its && sleeps && sleeps_on(looks_.pid, task) ? &task : nullptr;
}

/// A new thread runs a little before its record has its tid: it must not be listed twice. The newest
/// tasks without a record belong to the newest records without a tid.
void ThreadAssembly::pair_unstarted() {
    std::vector<const ThreadCopy*> waiting;
    for (const ThreadCopy& copy : looks_.second) {
        if (copy.tid == 0 && !copy.is(protocol::kLifeFinished)) waiting.push_back(&copy);
    }
    std::sort(waiting.begin(), waiting.end(),
              [](const ThreadCopy* a, const ThreadCopy* b) { return a->number > b->number; });
    auto next = waiting.begin();
    const std::vector<Task>& tasks = looks_.between.tasks;
    for (auto task = tasks.rbegin(); task != tasks.rend() && next != waiting.end(); ++task) {
        const bool is_recorded = tid_users_.contains(task->recorded_tid);
        if (is_recorded || start_of(*task) + kStartSlackNs < (*next)->created_ns) continue;
        unstarted_.emplace((*next)->number, &*task);
        ++next;
    }
}

void ThreadAssembly::add(const ThreadCopy& copy) {
    if (copy.is(protocol::kLifeFinished)) {
        const Task* const left = looks_.is_live ? task_past_end(copy) : nullptr;
        if (left == nullptr) {
            add_ended(copy, true);
        } else {
            add_past_end(copy, *left);
        }
        return;
    }
    const Task* const task = looks_.is_live ? task_of(copy) : nullptr;
    const bool may_be_gone = looks_.is_live && task == nullptr && copy.tid != 0;
    if (may_be_gone) {
        add_gone(copy);
    } else {
        add_alive(copy, task);
    }
}

/// No task has its tid: it ended without a word, ended just now, or has only just begun.
void ThreadAssembly::add_gone(const ThreadCopy& copy) {
    const bool is_latest = tid_users_.at(copy.tid) == copy.number;
    if (is_latest && !looks_.translates) {
        const std::optional<TaskStat> stat = stat_of_task(looks_.pid, copy.tid);
        if (stat && stat->state != 'Z' && stat->state != 'X') {
            add_alive(copy, nullptr);
            return;
        }
    }
    const std::optional<ThreadCopy> now = records_.copy(copy.slot);
    if (now && now->number == copy.number) add_ended(*now, now->is(protocol::kLifeFinished));
}

/// `says_so`: it noted its own end.
void ThreadAssembly::add_ended(const ThreadCopy& copy, bool says_so) {
    if (is_done_with(copy) && !owns_a_lock(copy)) return;
    snapshot::Thread thread = describe(copy);
    if (looks_.translates && looks_.is_live) thread.tid = 0;
    thread.state = State::kExited;
    thread.finished = true;
    if (says_so) thread.for_seconds = looks_.times.since(copy.finished_ns);
    thread.for_is_lower_bound = looks_.times.is_lower_bound && thread.for_seconds.has_value();
    keep(std::move(thread), copy.tid);
}

void ThreadAssembly::add_past_end(const ThreadCopy& copy, const Task& task) {
    snapshot::Thread thread = describe(copy);
    thread.settled = false;
    fill_task(task, thread);
    fill_outside(task, thread);
    past_end_.insert(task.tid);
    keep(std::move(thread), copy.tid);
}

snapshot::Thread ThreadAssembly::describe_alive(const ThreadCopy& copy, const Task* task) {
    snapshot::Thread thread = describe(copy);
    if (looks_.is_live && task == nullptr) {
        // Newer than the look at the kernel, or its number is another one here.
        thread.settled = false;
        if (looks_.translates) thread.tid = 0;
    }
    if (task != nullptr) fill_task(*task, thread);
    fill_wait(copy, task, thread);
    return thread;
}

/// A wait that the kernel tells of is of a later moment than the record, by which it then was in none: the locks
/// that it holds have to be of that moment too.
void ThreadAssembly::add_alive(const ThreadCopy& copy, const Task* task) {
    constexpr int kTries = 4;
    snapshot::Thread thread = describe_alive(copy, task);
    std::optional<ThreadCopy> latest;
    for (int tries = 0; looks_.is_live && thread.wait; ++tries) {
        const ThreadCopy& told = latest ? *latest : copy;
        if (is_in_wait(told.wait)) break;
        std::optional<ThreadCopy> now = records_.copy(copy.slot);
        if (!now || now->number != copy.number) break;
        if (now->sequence == told.sequence && now->holds == told.holds) break;
        latest = std::move(now);
        stacks_.look_again();
        outside_joins_.erase(thread.id);
        thread = describe_alive(*latest, task);
        thread.settled = false;
        if (tries == kTries) {
            thread.torn = true;
            break;
        }
    }
    keep(std::move(thread), copy.tid != 0 || task == nullptr ? copy.tid : task->recorded_tid);
}

snapshot::Thread ThreadAssembly::describe(const ThreadCopy& copy) {
    snapshot::Thread thread;
    thread.id = copy.number;
    thread.tid = copy.tid;
    thread.name = copy.name;
    thread.age_seconds = looks_.times.since(copy.created_ns);
    thread.age_is_lower_bound = looks_.times.is_lower_bound && thread.age_seconds.has_value();
    thread.detached = is_detached(copy);
    thread.joined = copy.is(protocol::kLifeJoined);
    thread.ends_process = looks_.ended_by == copy.number;
    thread.exiting = copy.is(protocol::kLifeExiting);
    thread.torn = copy.torn;
    thread.settled = is_settled(copy);
    thread.entry = stacks_.index_of_function(copy.start_routine);
    thread.created_by = copy.origin == protocol::Origin::kForked ? 0 : copy.created_by;  // by one of the parent's
    thread.created_stack = stacks_.index_of(copy.created_stack);
    thread.holds = holds_of(copy, looks_.is_live ? looks_.pid : 0, looks_.times, stacks_);
    return thread;
}

void ThreadAssembly::fill_task(const Task& task, snapshot::Thread& thread) const {
    const auto ticks = static_cast<double>(ticks_per_second());
    thread.tid = task.tid;
    thread.name = task.stat.name;
    thread.cpu_seconds = static_cast<double>(task.stat.cpu_ticks) / ticks;
    if (!thread.age_seconds) thread.age_seconds = looks_.times.since(start_of(task));
}

void ThreadAssembly::fill_wait(const ThreadCopy& copy, const Task* task, snapshot::Thread& thread) {
    const WaitCopy& wait = copy.wait;
    if (task != nullptr && (fill_stream_wait(*task, thread) || fill_unseen_wait(*task, thread))) {
        thread.asleep = thread.settled && is_asleep(*task, false);
    } else if (takes_mutex_again(wait, task)) {
        fill_mutex_taken_again(wait, stacks_, thread);
        thread.asleep = thread.settled && is_asleep(*task, true);
    } else if (is_in_wait(wait) && !is_of_new_child(wait, task)) {
        fill_recorded_wait(copy, looks_.times, signals_, handles_, stacks_, thread);
        if (wait.caller != 0 && task != nullptr) fill_outside_stack(*task, thread);
        if (task != nullptr && task->call) {
            const bool is_agreed = agrees(*task->call, wait.kind, wait.object);
            if (!is_agreed) thread.settled = false;
            if (!is_agreed || is_in_other_call(*task->call, wait.kind)) add_handler(*task, thread);
        }
        thread.asleep = task != nullptr && thread.settled && is_asleep(*task, true);
        if (task != nullptr) {
            left_waits_.note(copy, *task);
            complete_stack(*task, thread);
            details_.fill(*task, &wait, thread);
        } else {
            fill_recorded_detail(wait, thread);
        }
        if (thread.state == State::kIo && thread.io_function.empty()) thread.state = State::kUnknown;
    } else if (task != nullptr && !thread.ends_process) {
        const bool settled = thread.settled;
        fill_outside(*task, thread);
        if (thread.state == State::kRunning && thread.stack == 0) fill_last_place(copy, looks_.times, stacks_, thread);
        thread.asleep = settled && is_asleep(*task, false);
    } else {
        thread.state = State::kRunning;
        if (task != nullptr) fill_end(*task, thread);
        thread.last_recorded = !looks_.is_live;
        if (thread.last_recorded) fill_last_place(copy, looks_.times, stacks_, thread);
    }
}

/// It runs, whatever the record says: it was last seen where it began the wait, unless it has noted more since.
void ThreadAssembly::leave_wait(const LeftWaits::Left& left) {
    snapshot::Thread thread = describe(left.copy);
    fill_task(*left.task, thread);
    thread.state = State::kRunning;
    thread.settled = false;
    fill_last_place(left.copy, looks_.times, stacks_, thread);
    const WaitCopy& wait = left.copy.wait;
    const double wait_ago = looks_.times.since(wait.since_ns).value_or(0);
    if (thread.stack == 0 || wait_ago <= thread.stack_ago_seconds.value_or(0)) {
        thread.stack = wait.caller != 0 ? stacks_.index_of_call(wait.caller) : stacks_.index_of(wait.stack);
        thread.stack_is_last_known = true;
        thread.stack_ago_seconds = wait_ago;
    }
    running_.note(thread.id, left.task->tid);
    threads_.insert_or_assign(thread.id, std::move(thread));
}

/// The record has only the calling line.
void ThreadAssembly::fill_outside_stack(const Task& task, snapshot::Thread& thread) {
    std::optional<OutsideStacks::Sight> sight = outside_.look(task);
    const bool is_same_call = sight && task.call && sight->task.call == task.call;
    if (is_same_call && !sight->stack.frames.empty()) thread.stack = stacks_.index_of_unwound(std::move(sight->stack));
}

/// The library knows the tables alone, and records the innermost frames: of code without tables, and of a
/// deep stack, more may be known from outside.
void ThreadAssembly::complete_stack(const Task& task, snapshot::Thread& thread) {
    if (!thread.settled || !stacks_.is_cut(thread.stack)) return;
    std::optional<OutsideStacks::Sight> sight = outside_.look(task);
    if (sight && stacks_.is_completed_by(sight->stack, thread.stack)) {
        thread.stack = stacks_.index_of_unwound(std::move(sight->stack));
    }
}

/// In a call that is not the wait's: that of a signal handler, which interrupted the wait.
void ThreadAssembly::add_handler(const Task& task, snapshot::Thread& thread) {
    std::optional<OutsideStacks::Sight> sight = outside_.look(task);
    if (sight && stacks_.is_below_handler(sight->stack, thread.stack)) {
        thread.stack = stacks_.index_of_unwound(std::move(sight->stack));
    }
}

std::optional<OutsideStacks::Sight> ThreadAssembly::sight_of(const Task& task) {
    const auto taken = looks_.sights.find(task.tid);
    return taken == looks_.sights.end() ? outside_.look(task) : taken->second;
}

/// What it waits for and its stack are of one moment; where it moved on since it was first looked at,
/// of a later one.
void ThreadAssembly::fill_outside(const Task& task, snapshot::Thread& thread) {
    if (fill_stream_wait(task, thread) || fill_unseen_wait(task, thread)) return;
    std::optional<OutsideStacks::Sight> sight = sight_of(task);
    const Task& seen = sight ? sight->task : task;
    fill_kernel_wait(seen, stacks_, thread);
    details_.fill(seen, nullptr, thread);
    const auto stream = seen.call ? looks_.stream_locks.find(awaited_futex(*seen.call)) : looks_.stream_locks.end();
    if (stream != looks_.stream_locks.end()) {
        fill_stream(stream->second, seen, thread);
        thread.settled = false;
    }
    if (sight && thread.state == State::kFutex) name_wait(*sight, thread);
    if (sight) thread.stack = stacks_.index_of_unwound(std::move(sight->stack));
    if (thread.state == State::kRunning) running_.note(thread.id, task.tid);
}

/// In a function of libc that no wrapper saw the call of: nobody looked at the lock while it waited, so that
/// nothing is proved by it.
void ThreadAssembly::name_wait(const OutsideStacks::Sight& sight, snapshot::Thread& thread) {
    const LibraryWait wait = library_wait(*sight.task.call, sight.function);
    if (wait.state == State::kUnknown) return;
    thread.state = wait.state;
    thread.settled = false;
    thread.io_function = wait.io_function;
    thread.wait.reset();  // the futex
    if (wait.state == State::kIo) return;
    thread.wait.emplace();
    thread.wait->object.kind = wait.kind;
    thread.wait->object.address = wait.address;
    if (wait.joins_tid != 0) outside_joins_.emplace(thread.id, wait.joins_tid);
}

/// It waits for another thread's use of a stream, whatever call of stdio has noted its own wait.
bool ThreadAssembly::fill_stream_wait(const Task& task, snapshot::Thread& thread) {
    const auto found = looks_.streams.find(task.tid);
    if (found == looks_.streams.end()) return false;
    thread.stack = stacks_.index_of_call(task.call->pc);
    fill_outside_stack(task, thread);
    fill_stream(found->second, task, thread);
    return true;
}

/// Its lock was looked at while it waited, as where a wrapper published the wait.
bool ThreadAssembly::fill_unseen_wait(const Task& task, snapshot::Thread& thread) {
    const auto found = looks_.unseen.find(task.tid);
    if (found == looks_.unseen.end()) return false;
    const UnseenWait& unseen = found->second;
    fill_kernel_wait(task, stacks_, thread);
    std::optional<OutsideStacks::Sight> sight = sight_of(task);
    if (sight && !sight->stack.frames.empty()) thread.stack = stacks_.index_of_unwound(std::move(sight->stack));
    thread.state = unseen.wait.state;
    thread.wait.emplace();
    thread.wait->object.kind = unseen.wait.kind;
    thread.wait->object.address = unseen.wait.address;
    thread.wait->prefers_writers = unseen.prefers_writers;
    return true;
}

void ThreadAssembly::fill_stream(const StreamLock& lock, const Task& task, snapshot::Thread& thread) {
    thread.state = State::kMutexLock;
    thread.wait.emplace();
    thread.wait->object = stream_object(lock);
    details_.fill_stream(task, lock.descriptor, thread);
}

/// The thread that ends the process is in the library's own wait for the command, within its exit: it
/// wakes every now and then, at first each quarter of a millisecond.
void ThreadAssembly::fill_end(const Task& task, snapshot::Thread& thread) {
    constexpr int kLooks = 50;
    constexpr std::chrono::milliseconds kBetween{1};
    for (int looks = 0; task.call && looks < kLooks; ++looks) {
        if (std::optional<OutsideStacks::Sight> sight = outside_.look(task)) {
            thread.stack = stacks_.index_of_unwound(std::move(sight->stack));
            return;
        }
        if (!outside_.notes().empty()) return;
        std::this_thread::sleep_for(kBetween);
    }
}

bool ThreadAssembly::is_settled(const ThreadCopy& copy) const {
    if (copy.torn) return false;
    if (looks_.is_at_rest) return true;
    constexpr uint32_t kEnd = protocol::kLifeFinished | protocol::kLifeExiting;
    const auto found = first_by_slot_.find(copy.slot);
    if (found == first_by_slot_.end()) return false;
    const ThreadCopy& before = *found->second;
    return !before.torn && before.number == copy.number && before.sequence == copy.sequence &&
           before.wait == copy.wait && before.holds == copy.holds && (before.life & kEnd) == (copy.life & kEnd);
}

/// Outside of wrappers the kernel alone says what it is in: there another process must have no part
/// in it. Without the right to know the call, the record's word must do.
bool ThreadAssembly::is_asleep(const Task& task, bool is_in_wrapper) const {
    if (!looks_.between.all_slept) return false;
    return task.call ? is_untimed_futex_wait(*task.call, !is_in_wrapper) : is_in_wrapper;
}

/// A thread that has ended is in /proc for a moment more.
bool ThreadAssembly::is_leaving(const Task& task) const {
    return std::any_of(looks_.second.begin(), looks_.second.end(), [&](const ThreadCopy& copy) {
        return copy.is(protocol::kLifeFinished) && copy.tid == task.recorded_tid && start_of(task) <= copy.finished_ns;
    });
}

void ThreadAssembly::add_unrecorded() {
    std::set<uint32_t> taken;
    for (const auto& [number, task] : unstarted_) taken.insert(task->tid);
    uint32_t last = threads_.empty() ? 0 : threads_.rbegin()->first;
    for (const ThreadCopy& copy : looks_.second) last = std::max(last, copy.number);
    last = std::max(last, looks_.created_total);
    for (const Task& task : looks_.between.tasks) {
        if (tid_users_.contains(task.recorded_tid) || taken.contains(task.tid) || last == UINT32_MAX) continue;
        if (past_end_.contains(task.tid)) continue;
        if (task.recorded_tid != 0 && is_leaving(task)) continue;
        snapshot::Thread thread;
        thread.id = ++last;
        fill_task(task, thread);
        thread.ends_process = task.recorded_tid != 0 && task.recorded_tid == looks_.ended_by_tid;
        if (thread.ends_process) {
            thread.state = State::kRunning;
            fill_end(task, thread);
        } else {
            fill_outside(task, thread);
            thread.asleep = is_asleep(task, false);
        }
        keep(std::move(thread), task.recorded_tid);
        ++unrecorded_;
    }
}

void ThreadAssembly::keep(snapshot::Thread&& thread, uint32_t recorded_tid) {
    if (recorded_tid != 0) by_tid_.emplace(recorded_tid, thread.id);
    threads_.try_emplace(thread.id, std::move(thread));
}

const snapshot::Thread* ThreadAssembly::thread_with(uint32_t recorded_tid, uint64_t lock) const {
    const snapshot::Thread* best = nullptr;
    const auto [begin, end] = by_tid_.equal_range(recorded_tid);
    for (auto entry = begin; entry != end; ++entry) {
        const snapshot::Thread& thread = threads_.at(entry->second);
        const bool holds = std::any_of(thread.holds.begin(), thread.holds.end(),
                                       [&](const snapshot::Hold& hold) { return hold.lock.address == lock; });
        if (holds) return &thread;
        if (best == nullptr || (best->finished && !thread.finished)) best = &thread;
    }
    return best;
}

}  // namespace reader
