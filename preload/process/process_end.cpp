// SPDX-License-Identifier: Apache-2.0
#include "preload/process/process_end.h"

#include <fcntl.h>
#include <signal.h>
#include "preload/process/clock.h"
#include "preload/process/grace.h"
#include "preload/process/process_facts.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/report/pauses.h"
#include "preload/report/reporter.h"
#include "preload/threads/this_thread.h"
#include "preload/threads/thread_slots.h"

namespace preload {

using protocol::Answer;
using protocol::End;
using protocol::Phase;
using protocol::ThreadRecord;

namespace {

/// Leftover threads could not be reported: `loiter report` will find them in the recording.
constinit bool has_no_report = false;

constexpr uint64_t kSeenWithin = 1000 * kMillisecond;    ///< the command says that it is there
constexpr uint64_t kDoneWithin = 30'000 * kMillisecond;  ///< and that it has looked

/// What the program's own calls say of the way that it ends; the head may say meanwhile that it
/// executes another program, and fails to.
struct NotedEnd {
    std::atomic<End> end;
    std::atomic<int> status;
    std::atomic<uint32_t> by;
    std::atomic<uint32_t> by_tid;
};
constinit NotedEnd noted{End::kNone, -1, 0, 0};
constinit std::atomic<bool> has_come_to_the_end{false};

void publish_end(End end, int status, uint32_t by, uint32_t by_tid) {
    process->end.store(end, std::memory_order_relaxed);
    process->status.store(status, std::memory_order_relaxed);
    process->ended_by.store(by, std::memory_order_relaxed);
    process->ended_by_tid.store(by_tid, std::memory_order_relaxed);
}

void publish_noted_end() {
    publish_end(noted.end.load(std::memory_order_relaxed), noted.status.load(std::memory_order_relaxed),
                noted.by.load(std::memory_order_relaxed), noted.by_tid.load(std::memory_order_relaxed));
}

/// A thread that is made but has not run yet counts. Adopted threads may end unseen: asked for.
bool is_alive(const ThreadRecord* thread) {
    const uint32_t life = thread->life.load(std::memory_order_acquire);
    if ((life & protocol::kLifeUsed) == 0 || (life & (protocol::kLifeFinished | protocol::kLifeReclaimed)) != 0) {
        return false;
    }
    const uint32_t tid = thread->tid.load(std::memory_order_relaxed);
    return tid == 0 || raw_syscall(SYS_tgkill, process->pid, tid, 0) == 0;
}

/// Then that there is no record says nothing.
bool may_lack_threads() {
    return process->threads_lost.load(std::memory_order_relaxed) != 0 ||
           process->stopped.load(std::memory_order_relaxed) != protocol::Stopped::kNo;
}

bool is_task_without_record() {
    return may_lack_threads() && count_tasks() > 1;
}

bool others_are_alive(const ThreadRecord* self) {
    for (uint32_t i = 0; const ThreadRecord* const thread = thread_slot(i); ++i) {
        if (thread != self && thread->number.load(std::memory_order_relaxed) != 0 && is_alive(thread)) return true;
    }
    return is_task_without_record();
}

/// Threads that a report could name. That main has ended by itself is no news.
bool others_are_left(const ThreadRecord* self) {
    for (uint32_t i = 0; const ThreadRecord* const thread = thread_slot(i); ++i) {
        const uint32_t number = thread->number.load(std::memory_order_relaxed);
        if (thread == self || number == 0) continue;
        const bool has_finished = (thread->life.load(std::memory_order_acquire) & protocol::kLifeFinished) != 0;
        if (is_alive(thread) || (has_finished && (number != 1 || !holds_nothing(thread)))) return true;
    }
    return is_task_without_record();
}

/// The last thread of a process ends it after its own end.
const ThreadRecord* this_thread_or_ended() {
    return record_in(current_record);
}

/// The command hears of a change of the file's times; that takes no descriptor.
void call_command() {
    raw_syscall(SYS_utimensat, AT_FDCWD, as_argument(recording_path()), 0, 0);
}

void show_to_command() {
    process->phase.store(Phase::kWaiting, std::memory_order_release);
    call_command();
    const auto answered = [](Answer least) {
        return [least] { return process->answer.load(std::memory_order_acquire) >= least; };
    };
    if (wait_until(now_ns() + kSeenWithin, answered(Answer::kSeen))) {
        wait_until(now_ns() + kDoneWithin, answered(Answer::kDone));
    }
}

void report_leftovers() {
    process->phase.store(Phase::kWaiting, std::memory_order_release);
    if (!report_at_end()) has_no_report = true;
}

/// Clean processes too: see Reporter::report in src.
bool reports_always() {
    return report_options().json || report_options().all;
}

/// Gives other threads the grace time. True: some are alive after it.
bool outlive(const ThreadRecord* self, int64_t grace_ms) {
    if (!others_are_alive(self)) return false;
    guard_grace();
    const uint64_t deadline = now_ns() + static_cast<uint64_t>(grace_ms) * kMillisecond;
    bool are_alive = true;
    wait_until(deadline, [self, &are_alive] {
        are_alive = others_are_alive(self);
        return !are_alive || is_grace_over();
    });
    lift_grace();
    return are_alive;
}

}  // namespace

void note_end(End end, int status) {
    if (process == nullptr || !is_own_process()) return;
    const ThreadRecord* const self = this_thread_or_ended();
    noted.end.store(end, std::memory_order_relaxed);
    noted.status.store(status, std::memory_order_relaxed);
    noted.by.store(self == nullptr ? 0 : self->number.load(std::memory_order_relaxed), std::memory_order_relaxed);
    noted.by_tid.store(is_restricted() ? 0 : static_cast<uint32_t>(raw_syscall(SYS_gettid)), std::memory_order_relaxed);
    publish_noted_end();
}

void note_return(int status) {
    const bool has_noted = noted.end.load(std::memory_order_relaxed) != End::kNone;
    if (has_noted && (is_restricted() || noted.by_tid.load(std::memory_order_relaxed) == raw_syscall(SYS_gettid)))
        return;
    note_end(End::kReturn, status);
}

bool comes_first_to_the_end() {
    return !has_come_to_the_end.exchange(true, std::memory_order_relaxed);
}

namespace {

constexpr uint64_t kExecWithin = 1000 * kMillisecond;
/// Threads that are about to execute another program, or have just failed to.
constinit std::atomic<int> execs_under_way{0};

bool has_end() {
    return process != nullptr && !is_restricted() && is_own_process();
}

/// One thread ends the process. One that executes another program may fail to: then the next one does.
bool begin_end() {
    if (!has_end()) return false;
    bool won = false;
    wait_until(now_ns() + kExecWithin, [&won] {
        const bool may_be_given_back = execs_under_way.load() > 0;
        Phase expected = Phase::kRunning;
        won = process->phase.compare_exchange_strong(expected, Phase::kEnding);
        return won || !may_be_given_back;
    });
    if (!won) return false;
    begin_grace();
    process->ended_ns.store(now_ns(), std::memory_order_relaxed);
    return true;
}

void finish_end() {
    const ThreadRecord* const self = this_thread_or_ended();
    // An exec ends threads on purpose, and may fail: it must not be held up.
    const bool is_exec = process->end.load(std::memory_order_relaxed) == End::kExec;
    const bool is_supervised = supervisor_grace_ms() >= 0;
    if (is_supervised) {
        const bool leaves_threads = is_exec ? others_are_alive(self) : outlive(self, supervisor_grace_ms());
        // Whether a lock of a thread that has ended is still one, its memory tells.
        const bool leaves_holds = process->dead_holders.load(std::memory_order_relaxed) != 0;
        // That none is left which has no record, the command has to see: nothing says so later.
        if (leaves_threads || leaves_holds || may_lack_threads()) show_to_command();
    } else if (!is_exec && report_options().at_exit) {
        outlive(self, report_options().grace_ms);
        if (others_are_left(self) || reports_always()) report_leftovers();
    }
    process->ended_ns.store(now_ns(), std::memory_order_relaxed);
    process->phase.store(Phase::kDone, std::memory_order_release);
}

}  // namespace

bool end_process() {
    if (!begin_end()) return false;
    publish_noted_end();
    finish_end();
    return true;
}

bool end_process(End end, int status) {
    if (!begin_end()) return false;
    note_end(end, status);
    finish_end();
    return true;
}

void end_as_noted() {
    // Nothing interrupts a report that this process makes itself.
    finish_end();
    remove_recording();
    const End end = noted.end.load(std::memory_order_relaxed);
    const int status = noted.status.load(std::memory_order_relaxed);
    if (end == End::kExit || end == End::kReturn) real::exit(status);  // with what is left of it: streams
    real::_exit(status);
    __builtin_unreachable();
}

void forget_end() {
    noted.end.store(End::kNone, std::memory_order_relaxed);
    has_come_to_the_end.store(false, std::memory_order_relaxed);
    execs_under_way.store(0, std::memory_order_relaxed);
    has_no_report = false;
    forget_grace();
}

bool end_image() {
    if (!has_end()) return false;
    execs_under_way.fetch_add(1);
    Phase expected = Phase::kRunning;
    if (!process->phase.compare_exchange_strong(expected, Phase::kEnding)) {
        execs_under_way.fetch_sub(1);
        return false;
    }
    const ThreadRecord* const self = this_thread_or_ended();
    publish_end(End::kExec, -1, self == nullptr ? 0 : self->number.load(std::memory_order_relaxed),
                static_cast<uint32_t>(raw_syscall(SYS_gettid)));
    finish_end();
    return true;
}

void take_back_end() {
    if (process == nullptr || !is_own_process()) return;
    publish_noted_end();
    process->ended_ns.store(0, std::memory_order_relaxed);
    process->answer.store(Answer::kNone, std::memory_order_relaxed);
    process->phase.store(Phase::kRunning, std::memory_order_release);
    execs_under_way.fetch_sub(1);
}

void remove_recording() {
    if (process == nullptr || !is_own_process() || is_recording_kept() || has_no_report || is_restricted()) return;
    raw_syscall(SYS_unlink, as_argument(recording_path()));
}

}  // namespace preload
