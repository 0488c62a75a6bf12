// SPDX-License-Identifier: Apache-2.0
#include "preload/process_end.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "preload/raw_syscall.h"
#include "preload/recording.h"
#include "preload/this_thread.h"

namespace preload {

using protocol::Answer;
using protocol::End;
using protocol::Phase;
using protocol::ThreadRecord;

namespace {

constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kSeenWithin = 1000 * kMillisecond;    ///< the command says that it is there
constexpr uint64_t kDoneWithin = 30'000 * kMillisecond;  ///< and that it has looked

void pause_for(uint64_t nanoseconds) {
    const timespec duration{static_cast<time_t>(nanoseconds / 1'000'000'000),
                            static_cast<long>(nanoseconds % 1'000'000'000)};
    raw_syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, as_argument(&duration), 0);
}

/// Polls with growing steps until `done` or the time is over. Returns what `done` said last.
template <typename Condition>
bool wait_until(uint64_t deadline_ns, Condition done) {
    for (uint64_t step = kMillisecond / 4; !done(); step = step * 3 / 2) {
        const uint64_t now = now_ns();
        if (now >= deadline_ns) return false;
        const uint64_t most = 20 * kMillisecond;
        const uint64_t wanted = step < most ? step : most;
        pause_for(wanted < deadline_ns - now ? wanted : deadline_ns - now);
    }
    return true;
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

bool others_are_alive(const ThreadRecord* self) {
    for (uint32_t i = 0; const ThreadRecord* const thread = thread_slot(i); ++i) {
        if (thread != self && thread->number.load(std::memory_order_relaxed) != 0 && is_alive(thread)) return true;
    }
    return false;
}

/// The last thread of a process ends it after its own end.
const ThreadRecord* this_thread_or_ended() {
    return reinterpret_cast<const ThreadRecord*>(current_record & ~uintptr_t{1});
}

/// The command hears of a change of the file's times; that takes no descriptor.
void call_command() {
    raw_syscall(SYS_utimensat, AT_FDCWD, as_argument(recording_path()), 0, 0);
}

void show_leftovers() {
    process->phase.store(Phase::kWaiting, std::memory_order_release);
    call_command();
    const auto answered = [](Answer least) {
        return [least] { return process->answer.load(std::memory_order_acquire) >= least; };
    };
    if (wait_until(now_ns() + kSeenWithin, answered(Answer::kSeen))) {
        wait_until(now_ns() + kDoneWithin, answered(Answer::kDone));
    }
}

}  // namespace

void note_end(End end, int status) {
    if (process == nullptr || !is_own_process()) return;
    const ThreadRecord* const self = this_thread_or_ended();
    process->end.store(end, std::memory_order_relaxed);
    process->status.store(status, std::memory_order_relaxed);
    process->ended_by.store(self == nullptr ? 0 : self->number.load(std::memory_order_relaxed),
                            std::memory_order_relaxed);
}

bool end_process() {
    if (process == nullptr || !is_own_process()) return false;
    process->ended_ns.store(now_ns(), std::memory_order_relaxed);
    Phase expected = Phase::kRunning;
    if (!process->phase.compare_exchange_strong(expected, Phase::kEnding)) return false;

    const ThreadRecord* const self = this_thread_or_ended();
    // An exec ends threads on purpose, and may fail: it must not be held up.
    const bool is_supervised = supervisor_grace_ms() >= 0;
    const bool is_exec = process->end.load(std::memory_order_relaxed) == End::kExec;
    const uint64_t grace = is_exec ? 0 : static_cast<uint64_t>(supervisor_grace_ms());
    if (is_supervised && others_are_alive(self)) {
        const uint64_t deadline = now_ns() + grace * kMillisecond;
        if (!wait_until(deadline, [self] { return !others_are_alive(self); })) show_leftovers();
    }
    process->ended_ns.store(now_ns(), std::memory_order_relaxed);
    process->phase.store(Phase::kDone, std::memory_order_release);
    return true;
}

void take_back_end() {
    if (process == nullptr || !is_own_process()) return;
    process->end.store(End::kNone, std::memory_order_relaxed);
    process->ended_by.store(0, std::memory_order_relaxed);
    process->ended_ns.store(0, std::memory_order_relaxed);
    process->status.store(-1, std::memory_order_relaxed);
    process->answer.store(Answer::kNone, std::memory_order_relaxed);
    process->phase.store(Phase::kRunning, std::memory_order_release);
}

void remove_recording() {
    if (process == nullptr || !is_own_process() || is_recording_kept()) return;
    raw_syscall(SYS_unlink, as_argument(recording_path()));
}

}  // namespace preload
