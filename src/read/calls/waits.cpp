// SPDX-License-Identifier: Apache-2.0
#include "read/calls/waits.h"

#include <algorithm>

#include "read/calls/futex.h"
#include "read/calls/system_calls.h"
#include "read/records/functions.h"

namespace reader {

using protocol::WaitKind;
using snapshot::LockKind;
using snapshot::State;

namespace {

State state_of(WaitKind kind) {
    switch (kind) {
        case WaitKind::kNone: return State::kRunning;
        case WaitKind::kMutex: return State::kMutexLock;
        case WaitKind::kRwlockRead: return State::kRwlockRead;
        case WaitKind::kRwlockWrite: return State::kRwlockWrite;
        case WaitKind::kSpin: return State::kSpinLock;
        case WaitKind::kCondition: return State::kConditionWait;
        case WaitKind::kSemaphore: return State::kSemaphore;
        case WaitKind::kBarrier: return State::kBarrier;
        case WaitKind::kJoin: return State::kJoin;
        case WaitKind::kOnce: return State::kOnce;
        case WaitKind::kFutex: return State::kFutex;
        case WaitKind::kSleep: return State::kSleep;
        case WaitKind::kIo: return State::kIo;
        case WaitKind::kFileLock: return State::kFileLock;
        case WaitKind::kChild: return State::kChildWait;
        case WaitKind::kSignal: return State::kSignalWait;
        case WaitKind::kCustomLock: return State::kCustomLock;
    }
    return State::kUnknown;
}

/// kUnknown: the wait is for no object.
LockKind object_kind_of(WaitKind kind) {
    switch (kind) {
        case WaitKind::kMutex: return LockKind::kMutex;
        case WaitKind::kRwlockRead:
        case WaitKind::kRwlockWrite: return LockKind::kRwlock;
        case WaitKind::kSpin: return LockKind::kSpin;
        case WaitKind::kCondition: return LockKind::kCondition;
        case WaitKind::kSemaphore: return LockKind::kSemaphore;
        case WaitKind::kBarrier: return LockKind::kBarrier;
        case WaitKind::kJoin: return LockKind::kThread;
        case WaitKind::kOnce: return LockKind::kOnce;
        case WaitKind::kFutex: return LockKind::kFutex;
        case WaitKind::kFileLock: return LockKind::kFile;
        case WaitKind::kCustomLock: return LockKind::kCustom;
        case WaitKind::kNone:
        case WaitKind::kSleep:
        case WaitKind::kIo:
        case WaitKind::kChild:
        case WaitKind::kSignal: return LockKind::kUnknown;
    }
    return LockKind::kUnknown;
}

snapshot::Object object(LockKind kind, uint64_t address) {
    snapshot::Object made;
    made.kind = kind;
    made.address = address;
    return made;
}

void fill_futex(const FutexCall& call, snapshot::Wait& wait) {
    wait.detail = describe(call);
    if (!is_owned_lock(call)) wait.expected = call.expected;
}

std::optional<uint32_t> joined_thread(const WaitCopy& wait, const Handles& handles) {
    if (wait.detail == 0) return handles.thread_of(wait.object);
    if (wait.detail > UINT32_MAX) return std::nullopt;
    return static_cast<uint32_t>(wait.detail);
}

bool has_signals(WaitKind kind) {
    return kind == WaitKind::kCondition || kind == WaitKind::kSemaphore || kind == WaitKind::kFutex;
}

/// Whether what was signalled was changed under this mutex, as far as can be told: who locks it later has seen
/// the change, whenever the signal comes.
bool is_guarded(const SignalCopy& signal, uint64_t mutex) {
    if ((signal.flags & protocol::kSignalGuarded) != 0) return signal.guard == protocol::guard_mark(mutex);
    return (signal.flags & protocol::kSignalUnlocked) == 0;  // under several locks: it may be one of them
}

/// Whether `signal` came after the thread last locked the mutex that it waits with, and before it began to
/// wait. The time of most holds is that of the clock's last tick: within one, only the signaller's own look
/// around tells. It is the time before the lock was asked for: a thread that lost its CPU there got it much later.
bool is_missed(const ThreadCopy& copy, const SignalCopy& signal) {
    const WaitCopy& wait = copy.wait;
    if (wait.kind != WaitKind::kCondition || wait.detail == 0 || signal.time_ns >= wait.since_ns) return false;
    if (is_guarded(signal, wait.detail)) return false;
    for (const HoldCopy& hold : copy.holds) {
        if (hold.address != wait.detail || hold.state != protocol::HoldState::kLent || hold.since_ns == 0) continue;
        if (signal.time_ns <= hold.since_ns) return false;
        if ((hold.detail & protocol::kHoldPrecise) != 0 || signal.time_ns > hold.since_ns + kLongestTickNs) return true;
        return (signal.flags & protocol::kSignalLooked) != 0 && (hold.detail & protocol::kHoldSignalled) != 0;
    }
    return false;
}

void fill_times(const WaitCopy& wait, const Times& times, snapshot::Thread& thread) {
    thread.for_seconds = times.since(wait.since_ns);
    thread.for_is_lower_bound = times.is_lower_bound && thread.for_seconds.has_value();
    thread.timed = (wait.flags & protocol::kWaitTimed) != 0;
    if (!thread.timed || wait.deadline_ns == 0) return;
    thread.left_seconds = Times::between(times.end_ns, wait.deadline_ns);
    if (wait.since_ns != 0) thread.timeout_seconds = Times::between(wait.since_ns, wait.deadline_ns);
}

}  // namespace

LastSignals::LastSignals(const std::vector<ThreadCopy>& threads, const std::vector<SignalCopy>& past) {
    for (const ThreadCopy& thread : threads) {
        if (has_signals(thread.wait.kind)) notes_.try_emplace(thread.wait.object);
    }
    for (const ThreadCopy& thread : threads) {
        for (const SignalCopy& signal : thread.signals)
            add({thread.number, thread.is(protocol::kLifeFinished), signal});
    }
    for (const SignalCopy& signal : past) add({signal.past_thread, true, signal});
    for (auto& [object, notes] : notes_) {
        std::sort(notes.begin(), notes.end(),
                  [](const Note& a, const Note& b) { return a.signal.time_ns > b.signal.time_ns; });
    }
}

void LastSignals::add(const Note& note) {
    note_entry(note.signal);
    const auto found = notes_.find(note.signal.object);
    if (found != notes_.end() && note.thread != 0) found->second.push_back(note);
}

std::optional<snapshot::LastSignal> LastSignals::on(uint64_t object, uint64_t since_ns, const Times& times,
                                                    StackTable& stacks) const {
    const auto found = notes_.find(object);
    if (found == notes_.end() || found->second.empty()) return std::nullopt;
    const SignalCopy& signal = found->second.front().signal;
    snapshot::LastSignal last;
    last.thread = found->second.front().thread;
    last.ago_seconds = times.since(signal.time_ns);
    last.ago_is_lower_bound = times.is_lower_bound && last.ago_seconds.has_value();
    last.before_wait = signal.time_ns < since_ns;
    if (signal.waiters != 0) last.waiters = signal.waiters - 1;
    if (signal.kind != protocol::SignalKind::kPost) last.unlocked = (signal.flags & protocol::kSignalUnlocked) != 0;
    last.stack = stacks.index_of(signal.stack);
    return last;
}

const SignalCopy* LastSignals::newest(uint64_t object) const {
    const auto found = notes_.find(object);
    return found == notes_.end() || found->second.empty() ? nullptr : &found->second.front().signal;
}

std::vector<snapshot::Signaller> LastSignals::signallers(uint64_t object, uint64_t since_ns) const {
    constexpr size_t kMost = 32;
    std::vector<snapshot::Signaller> known;
    const auto found = notes_.find(object);
    if (found == notes_.end()) return known;
    for (const Note& note : found->second) {
        if (known.size() == kMost) break;
        known.push_back({note.thread, note.exited, note.signal.time_ns < since_ns});
    }
    return known;
}

bool LastSignals::may_lack_one(uint64_t object, uint64_t since_ns) const {
    const Entry& entry = entries_[protocol::table_index(object, protocol::kSignalCount)];
    const uint64_t newest = entry.object == object ? entry.others_ns : entry.time_ns;
    return newest != 0 && newest >= since_ns;
}

void LastSignals::note_entry(const SignalCopy& signal) {
    Entry& entry = entries_[protocol::table_index(signal.object, protocol::kSignalCount)];
    if (signal.time_ns > entry.time_ns) {
        if (signal.object != entry.object) entry.others_ns = entry.time_ns;
        entry.object = signal.object;
        entry.time_ns = signal.time_ns;
    } else if (signal.object != entry.object) {
        entry.others_ns = std::max(entry.others_ns, signal.time_ns);
    }
}

Handles::Handles(const std::vector<ThreadCopy>& threads) {
    for (const ThreadCopy& thread : threads) {
        if (thread.handle == 0 || thread.is(protocol::kLifeJoined)) continue;
        // A detached thread's handle may have been given to a later one.
        uint32_t& number = threads_[thread.handle];
        number = std::max(number, thread.number);
    }
}

std::optional<uint32_t> Handles::thread_of(uint64_t handle) const {
    const auto found = threads_.find(handle);
    return found == threads_.end() ? std::nullopt : std::optional<uint32_t>(found->second);
}

bool is_in_wait(const WaitCopy& wait) {
    return wait.kind != WaitKind::kNone && static_cast<uint8_t>(wait.kind) <= protocol::kLastWaitKind;
}

bool is_blocking(const WaitCopy& wait) {
    snapshot::Thread thread;
    if (is_in_wait(wait)) thread.state = state_of(wait.kind);
    thread.timed = (wait.flags & protocol::kWaitTimed) != 0;
    return snapshot::is_blocked(thread);
}

bool takes_mutex_again(const WaitCopy& wait, const Task* task) {
    return wait.kind == WaitKind::kCondition && wait.detail != 0 && task != nullptr && task->call &&
           awaited_futex(*task->call) == wait.detail;
}

void fill_recorded_wait(const ThreadCopy& copy, const Times& times, const LastSignals& signals, const Handles& handles,
                        StackTable& stacks, snapshot::Thread& thread) {
    const WaitCopy& wait = copy.wait;
    thread.state = state_of(wait.kind);
    thread.stack = wait.caller != 0 ? stacks.index_of_call(wait.caller) : stacks.index_of(wait.stack);
    fill_times(wait, times, thread);
    if (wait.kind == WaitKind::kSleep) thread.timed = true;
    if (wait.kind == WaitKind::kIo) thread.io_function = name_of_function(wait.function);
    const LockKind kind = object_kind_of(wait.kind);
    if (kind == LockKind::kUnknown) return;
    thread.wait.emplace();
    thread.wait->object = object(kind, wait.object);
    thread.wait->destroys = name_of_function(wait.function).find("_destroy") != std::string::npos;
    thread.wait->prefers_writers = kind == LockKind::kRwlock && (wait.flags & protocol::kWaitPrefersWriters) != 0;
    thread.wait->wants_shared = kind == LockKind::kCustom && (wait.flags & protocol::kWaitShared) != 0;
    if (wait.kind == WaitKind::kJoin) thread.wait->joins = joined_thread(wait, handles);
    if (wait.kind == WaitKind::kCondition && wait.detail != 0)
        thread.wait->mutex = object(LockKind::kMutex, wait.detail);
    if (wait.kind == WaitKind::kFutex) fill_futex(recorded_futex_call(wait.detail), *thread.wait);
    if (has_signals(wait.kind)) {
        thread.wait->last_signal = signals.on(wait.object, wait.since_ns, times, stacks);
        thread.wait->signal_unknown = signals.may_lack_one(wait.object, wait.since_ns);
        thread.wait->signallers = signals.signallers(wait.object, wait.since_ns);
        const SignalCopy* const newest = signals.newest(wait.object);
        thread.wait->missed_signal = newest != nullptr && is_missed(copy, *newest);
    }
    if (wait.kind == WaitKind::kBarrier && wait.detail != 0 && wait.detail <= UINT32_MAX)
        thread.wait->parties = static_cast<uint32_t>(wait.detail);
}

void fill_mutex_taken_again(const WaitCopy& wait, StackTable& stacks, snapshot::Thread& thread) {
    thread.state = State::kMutexLock;
    thread.stack = stacks.index_of(wait.stack);
    thread.wait.emplace();
    thread.wait->object = object(LockKind::kMutex, wait.detail);
}

void fill_kernel_wait(const Task& task, StackTable& stacks, snapshot::Thread& thread) {
    if (!task.call) {
        thread.state = task.stat.state == 'R' ? State::kRunning : State::kUnknown;
        return;
    }
    const KernelWait wait = kernel_wait(*task.call);
    thread.state = wait.state;
    thread.timed = wait.timed;
    thread.io_function = wait.io_function;
    if (wait.state != State::kRunning) thread.stack = stacks.index_of_call(task.call->pc);
    if (wait.futex != 0) {
        thread.wait.emplace();
        thread.wait->object = object(LockKind::kFutex, wait.futex);
        fill_futex(kernel_futex_call(*task.call), *thread.wait);
    }
}

}  // namespace reader
