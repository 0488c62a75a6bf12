// SPDX-License-Identifier: Apache-2.0
#include "preload/process/grace.h"

#include <signal.h>

#include <atomic>

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

constexpr int kOfAThread[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE, SIGXFSZ};
constexpr int kOfTheProcess[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU};

constinit std::atomic<long> ending_thread{0};

bool is_over() {
    const Phase phase = process->phase.load(std::memory_order_acquire);
    return (phase == Phase::kEnding || phase == Phase::kWaiting) &&
           process->end.load(std::memory_order_relaxed) != End::kExec &&
           ending_thread.load(std::memory_order_relaxed) != raw_syscall(SYS_gettid);
}

/// A function of its own, so that its frame is one that can be told from outside.
__attribute__((noinline)) void stay() {
    wait_until(UINT64_MAX, [] { return !is_over(); });
    if (process->phase.load(std::memory_order_acquire) == Phase::kDone) pause_for(kLastWords);
}

void stay_or_fail(int signal) {
    stay_if_over();
    act_by_default(signal);
}

void hurry(int) {
    if (process != nullptr && is_own_process()) process->grace_over.store(1, std::memory_order_relaxed);
}

template <typename Handler>
KernelAction action_of(Handler handler) {
    return {reinterpret_cast<uintptr_t>(handler), SA_ONSTACK | SA_RESTART | kRestorerFlag,
            reinterpret_cast<uintptr_t>(loiter_signal_restorer), ~uint64_t{0}};
}

/// From one action to another, where it is that one.
void replace_action(int signal, uintptr_t from, const KernelAction& to) {
    KernelAction before{};
    if (change_kernel_action(signal, nullptr, &before) == 0 && before.handler == from)
        change_kernel_action(signal, &to, nullptr);
}

constexpr uintptr_t kByDefault = 0;

}  // namespace

void begin_grace() {
    ending_thread.store(raw_syscall(SYS_gettid), std::memory_order_relaxed);
}

void guard_grace() {
    for (const int signal : kOfAThread) replace_action(signal, kByDefault, action_of(stay_or_fail));
    for (const int signal : kOfTheProcess) replace_action(signal, kByDefault, action_of(hurry));
}

void lift_grace() {
    for (const int signal : kOfTheProcess) replace_action(signal, action_of(hurry).handler, KernelAction{});
}

bool is_grace_over() {
    return process->grace_over.load(std::memory_order_relaxed) != 0;
}

void stay_if_over() {
    if (process != nullptr && !is_restricted() && is_own_process() && is_over()) stay();
}

}  // namespace preload
