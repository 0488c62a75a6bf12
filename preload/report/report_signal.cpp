// SPDX-License-Identifier: Apache-2.0
#include "preload/report/report_signal.h"

#include <errno.h>

#include <atomic>

#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/report/interrupted_call.h"
#include "preload/report/kernel_action.h"
#include "preload/report/reporter.h"
#include "preload/report/resumed_call.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace {

constexpr uint64_t kAllSignals = ~uint64_t{0};

enum class Owner : int { kProgram, kChanging, kUs, kProgramForGood };
constinit std::atomic<Owner> owner{Owner::kProgram};
constinit std::atomic<int> number{0};
constinit std::atomic<uint64_t> hidden_flags{0};
constinit std::atomic<uint64_t> hidden_mask{0};
constinit std::atomic<uintptr_t> hidden_restorer{0};
constinit std::atomic<uintptr_t> program_restorer{0};  ///< libc's

void handle(int signal, siginfo_t* info, void* context) {
    if (is_restricted()) return;  // neither may a report be started, nor looked what was interrupted
    const int saved = errno;
    if (process == nullptr || !is_own_process()) {
        // A forked child that never made a thread, or a child of vfork.
        act_by_default(signal);
    } else {
        process->in_report_signal.fetch_add(1, std::memory_order_relaxed);
        report_on_signal();
        process->in_report_signal.fetch_sub(1, std::memory_order_release);
        resume_interrupted_call(info, *static_cast<ucontext_t*>(context));
    }
    errno = saved;
}

KernelAction our_action() {
    // No SA_RESTART: with it the kernel has rewound already, and a signal of the program that waits
    // behind ours could not interrupt the call any more.
    return {reinterpret_cast<uintptr_t>(handle), SA_SIGINFO | SA_ONSTACK | kRestorerFlag,
            reinterpret_cast<uintptr_t>(loiter_signal_restorer), kAllSignals};
}

/// Another thread installs for the time of two system calls. Bounded: a fork in between leaves the
/// child's copy of the word there for ever.
Owner settled_owner() {
    Owner now = owner.load(std::memory_order_acquire);
    for (int looks = 0; now == Owner::kChanging && looks < 1000; ++looks) {
        raw_syscall(SYS_sched_yield);
        now = owner.load(std::memory_order_acquire);
    }
    return now;
}

bool is_own_restorer(uintptr_t restorer) {
    return restorer == reinterpret_cast<uintptr_t>(loiter_program_restorer) ||
           restorer == reinterpret_cast<uintptr_t>(loiter_restarting_restorer);
}

bool operator==(const KernelAction& one, const KernelAction& other) {
    return one.handler == other.handler && one.flags == other.flags && one.restorer == other.restorer &&
           one.mask == other.mask;
}

Owner try_install(int signal) {
    const KernelAction ours = our_action();
    KernelAction before{};
    if (change_kernel_action(signal, nullptr, &before) != 0) return Owner::kProgram;
    if (before.handler == ours.handler) return Owner::kUs;  // inherited by fork
    if (before.handler != 0 || change_kernel_action(signal, &ours, &before) != 0) return Owner::kProgram;
    if (before.handler != 0) {
        change_kernel_action(signal, &before, nullptr);  // the program was quicker, by a system call of its own
        return Owner::kProgram;
    }
    hide_action({before.flags, before.mask, before.restorer});
    number.store(signal, std::memory_order_relaxed);
    for (int other = 1; other <= kMostSignals; ++other) watch_return_from(other);
    return Owner::kUs;
}

/// For readers, to whom our handler looks like the program's.
void note_owner() {
    if (process == nullptr) return;
    const bool is_ours = owner.load(std::memory_order_relaxed) == Owner::kUs;
    const int signal = is_ours ? number.load(std::memory_order_relaxed) : 0;
    process->report_signal.store(static_cast<uint32_t>(signal), std::memory_order_relaxed);
}

}  // namespace

void watch_return_from(int signal) {
    KernelAction action{};
    if (change_kernel_action(signal, nullptr, &action) != 0) return;
    // Glibc's own two signals are not the program's.
    const bool is_function = action.handler > 1 && signal != 32 && signal != 33;
    if (!is_function || is_report_handler(reinterpret_cast<const void*>(action.handler)) ||
        (action.flags & kRestorerFlag) == 0 || is_own_restorer(action.restorer)) {
        return;
    }
    KernelAction watched = action;
    watched.restorer = reinterpret_cast<uintptr_t>((action.flags & SA_RESTART) != 0 ? loiter_restarting_restorer
                                                                                    : loiter_program_restorer);
    program_restorer.store(action.restorer, std::memory_order_relaxed);
    KernelAction replaced{};
    if (change_kernel_action(signal, &watched, &replaced) == 0 && !(replaced == action)) {
        change_kernel_action(signal, &replaced, nullptr);  // another thread, or SA_RESETHAND, was quicker
    }
}

uintptr_t shown_restorer(uintptr_t restorer) {
    return is_own_restorer(restorer) ? program_restorer.load(std::memory_order_relaxed) : restorer;
}

bool is_report_signal_installed() {
    return owner.load(std::memory_order_relaxed) == Owner::kUs && is_own_process();
}

void install_report_signal(int signal) {
    // A handler that ran in between could wait for us in settled_owner.
    uint64_t mask = 0;
    constexpr long kBytes = sizeof(mask);
    if (raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_argument(&kAllSignals), as_argument(&mask), kBytes) != 0)
        return;
    Owner expected = Owner::kProgram;
    // Release pairs with the acquire in settled_owner: who sees it changed sees the action too.
    if (owner.compare_exchange_strong(expected, Owner::kChanging, std::memory_order_acq_rel)) {
        owner.store(try_install(signal), std::memory_order_release);
    }
    note_owner();
    // Made also where the program has given up system calls meanwhile.
    forwarded_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_argument(&mask), 0, kBytes);
}

void forget_unfinished_installation() {
    Owner unfinished = Owner::kChanging;
    owner.compare_exchange_strong(unfinished, Owner::kProgram, std::memory_order_relaxed);
}

bool is_report_signal(int signal) {
    // Most programs never come further than this.
    if (owner.load(std::memory_order_relaxed) == Owner::kProgram) return false;
    this_thread();  // a forked child settles here what is its own
    return settled_owner() == Owner::kUs && number.load(std::memory_order_relaxed) == signal && is_own_process();
}

HiddenAction hidden_action() {
    return {hidden_flags.load(std::memory_order_relaxed), hidden_mask.load(std::memory_order_relaxed),
            hidden_restorer.load(std::memory_order_relaxed)};
}

void hide_action(const HiddenAction& action) {
    hidden_flags.store(action.flags, std::memory_order_relaxed);
    hidden_mask.store(action.mask, std::memory_order_relaxed);
    hidden_restorer.store(action.restorer, std::memory_order_relaxed);
}

bool give_up_report_signal(int signal) {
    if (!is_report_signal(signal)) return false;
    const bool was_ours = owner.exchange(Owner::kProgramForGood, std::memory_order_acq_rel) == Owner::kUs;
    note_owner();
    return was_ours;
}

void take_back_report_signal() {
    owner.store(Owner::kUs, std::memory_order_release);
    note_owner();
}

void restore_report_signal() {
    const KernelAction ours = our_action();
    change_kernel_action(number.load(std::memory_order_relaxed), &ours, nullptr);
}

bool is_report_handler(const void* handler) {
    return reinterpret_cast<uintptr_t>(handler) == reinterpret_cast<uintptr_t>(handle);
}

}  // namespace preload
