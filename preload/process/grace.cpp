// SPDX-License-Identifier: Apache-2.0
#include "preload/process/grace.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>

#include "preload/process/process_end.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/report/kernel_action.h"
#include "preload/report/pauses.h"
#include "preload/report/resumed_call.h"
#include "preload/threads/this_thread.h"

namespace preload {

using protocol::End;
using protocol::Phase;

namespace {

constexpr uint64_t kLastWords = 1000 * kMillisecond;  ///< what libc has left to do at the end takes less, or for ever

constexpr uint64_t bit(int signal) {
    return uint64_t{1} << (signal - 1);
}

/// What a thread does wrong, as a rule.
constexpr uint64_t kOfAThread = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGABRT) | bit(SIGTRAP) |
                                bit(SIGSYS) | bit(SIGPIPE) | bit(SIGXFSZ);
/// No reason to end, no way to handle, or libc's own (32 and 33).
constexpr uint64_t kOthers = bit(SIGKILL) | bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU) | bit(SIGCONT) |
                             bit(SIGCHLD) | bit(SIGURG) | bit(SIGWINCH) | bit(32) | bit(33);
/// All others ask the process to end.
constexpr uint64_t kOfTheProcess = ~(kOfAThread | kOthers);

constinit std::atomic<long> ending_thread{0};
constinit std::atomic<bool> is_guarded{false};

/// The thread that ends this process, while it waits for others; 0: nothing of the kind. Cheap where that is so.
long waiting_thread() {
    if (process == nullptr) return 0;
    const Phase phase = process->phase.load(std::memory_order_acquire);
    if (phase != Phase::kEnding && phase != Phase::kWaiting) return 0;
    if (process->end.load(std::memory_order_relaxed) == End::kExec || is_restricted() || !is_own_process()) return 0;
    return ending_thread.load(std::memory_order_relaxed);
}

/// A function of its own, so that its frame is one that can be told from outside.
__attribute__((noinline)) void stay() {
    wait_until(UINT64_MAX, [] { return !must_stay(); });
    if (process->phase.load(std::memory_order_acquire) == Phase::kDone) pause_for(kLastWords);
}

void stay_or_fail(int signal) {
    stay_if_over();
    act_by_default(signal);
}

/// A child of fork has inherited it, and no grace time.
void hurry(int signal) {
    if (process == nullptr || !is_own_process()) return act_by_default(signal);
    process->grace_over.store(1, std::memory_order_relaxed);
}

template <typename Handler>
KernelAction action_of(Handler handler) {
    return {reinterpret_cast<uintptr_t>(handler), SA_ONSTACK | SA_RESTART | kRestorerFlag,
            reinterpret_cast<uintptr_t>(loiter_signal_restorer), ~uint64_t{0}};
}

/// Of all of these signals, from one action to another, where it is that one. Returns those where it was.
uint64_t replace_actions(uint64_t signals, uintptr_t from, const KernelAction& to) {
    uint64_t replaced = 0;
    for (int signal = 1; signal <= kMostSignals; ++signal) {
        if ((signals & bit(signal)) == 0) continue;
        KernelAction before{};
        if (change_kernel_action(signal, nullptr, &before) != 0 || before.handler != from) continue;
        change_kernel_action(signal, &to, nullptr);
        replaced |= bit(signal);
    }
    return replaced;
}

constexpr uintptr_t kByDefault = 0;

}  // namespace

void begin_grace() {
    ending_thread.store(raw_syscall(SYS_gettid), std::memory_order_relaxed);
}

void guard_grace() {
    // For good: without us there would be no thread to cancel any more.
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    is_guarded.store(true, std::memory_order_relaxed);
    const uint64_t of_threads = replace_actions(kOfAThread, kByDefault, action_of(stay_or_fail));
    const uint64_t of_all = replace_actions(kOfTheProcess, kByDefault, action_of(hurry));
    process->grace_signals.store(of_threads | of_all, std::memory_order_relaxed);
}

void lift_grace() {
    replace_actions(kOfTheProcess, action_of(hurry).handler, KernelAction{});
}

void forget_grace() {
    ending_thread.store(0, std::memory_order_relaxed);
    if (!is_guarded.exchange(false, std::memory_order_relaxed)) return;
    lift_grace();
    replace_actions(kOfAThread, action_of(stay_or_fail).handler, KernelAction{});
}

bool is_grace_over() {
    return process->grace_over.load(std::memory_order_relaxed) != 0;
}

bool must_stay() {
    const long waiting = waiting_thread();
    return waiting != 0 && waiting != raw_syscall(SYS_gettid);
}

void leave_grace() {
    const long waiting = waiting_thread();
    if (waiting == 0 || waiting != raw_syscall(SYS_gettid)) return;
    process->grace_over.store(1, std::memory_order_relaxed);
    end_as_noted();
}

void stay_if_over() {
    leave_grace();
    if (must_stay()) stay();
}

}  // namespace preload
