// SPDX-License-Identifier: Apache-2.0
//
// A helper process between the target and the program takes the program's SIGCHLD: execve would give
// a direct child one for the target. The helper itself has no exit signal, shares the target's
// memory, which spares copying its page tables, and runs with every signal blocked, so that no
// handler of the target ever runs in it.
#include "preload/report/invisible_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <atomic>

#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/report/kernel_action.h"
#include "preload/report/pauses.h"

namespace preload {

namespace {

constexpr size_t kSignalSetBytes = 8;
constexpr int kCannotStart = 127;

struct Request {
    InvisibleProcess process;
    bool wait;
    volatile bool failed;  ///< (program's process) it could not be started
    volatile int error;    ///< (either) why; an errno value
    volatile int status;   ///< (helper) as wait4 gave it
};

constinit Request request{};
/// Pid of the process that one of whose threads has it: a fork copies the word, not the thread.
constinit std::atomic<uint32_t> taken_by{0};
alignas(64) constinit char helper_stack[4096]{};
alignas(64) constinit char program_stack[4096]{};

/// A kernel signal set of its own size: libc's sigset_t keeps two signals from its callers.
uint64_t set_mask(uint64_t mask) {
    uint64_t before = 0;
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_argument(&mask), as_argument(&before), kSignalSetBytes);
    return before;
}

/// The program inherits what the target ignores; and no handler may run before it is there.
void reset_signals() {
    const KernelAction by_default{};
    for (int signal = 1; signal <= kMostSignals; ++signal) change_kernel_action(signal, &by_default, nullptr);
    set_mask(0);
}

/// What the target has open is none of the program's: it would keep pipes and sockets open.
void close_descriptors() {
    constexpr int kFirst = 3;
    if (raw_syscall(SYS_close_range, kFirst, ~0U, 0) == 0) return;
    for (int descriptor = kFirst; descriptor < 1024; ++descriptor) raw_syscall(SYS_close, descriptor);
}

/// A target that lets no child have its standard error (Node does so at its start) has it closed by
/// execve, and the report would go nowhere. The descriptors here are a copy: the target's keep their flag.
void keep_standard_error() {
    raw_syscall(SYS_fcntl, 2, F_SETFD, 0);
}

/// What a target keeps itself to may be too little for the program: as far as it may, it has more.
void raise_limits() {
    constexpr int kResources[] = {RLIMIT_NOFILE, RLIMIT_STACK, RLIMIT_AS, RLIMIT_DATA, RLIMIT_FSIZE};
    for (const int resource : kResources) {
        rlimit limit{};
        if (raw_syscall(SYS_prlimit64, 0, resource, 0, as_argument(&limit)) != 0) continue;
        limit.rlim_cur = limit.rlim_max;
        raw_syscall(SYS_prlimit64, 0, resource, as_argument(&limit), 0);
    }
}

/// What a target may have given up, and keeps across execve.
void give_counter_back() {
    raw_syscall(SYS_prctl, PR_SET_TSC, PR_TSC_ENABLE);
}

int become_program(void*) {
    reset_signals();
    give_counter_back();
    close_descriptors();
    keep_standard_error();
    raise_limits();
    if (const char* const path = request.process.find_path()) {
        request.error =
            -static_cast<int>(raw_syscall(SYS_execve, as_argument(path), as_argument(request.process.arguments),
                                          as_argument(request.process.environment)));
    }
    request.failed = true;
    return kCannotStart;
}

int help(void*) {
    // Where the target ignores it, nobody would hear how the program ends.
    const KernelAction by_default{};
    change_kernel_action(SIGCHLD, &by_default, nullptr);
    constexpr int kFlags = CLONE_VM | CLONE_VFORK | SIGCHLD;
    const int program = clone(become_program, program_stack + sizeof(program_stack), kFlags, nullptr);
    if (program < 0) {
        request.error = errno;
        request.failed = true;
    } else if (request.wait || request.failed) {
        int status = -1;
        while (raw_syscall(SYS_wait4, program, as_argument(&status), 0, 0) == -EINTR) {
        }
        request.status = status;
    }
    return 0;
}

/// Takes the helper. Another thread that waits with __WALL may have done so.
bool is_gone(int helper, int flags) {
    return raw_syscall(SYS_wait4, helper, 0, flags | __WCLONE, 0) != 0;
}

StartResult start(uint64_t wait_ns) {
    // A helper that waits runs beside us; one that does not is through when clone returns.
    const int flags = CLONE_VM | (request.wait ? 0 : CLONE_VFORK);
    const uint64_t mask = set_mask(~uint64_t{0});
    const int helper = clone(help, helper_stack + sizeof(helper_stack), flags, nullptr);
    set_mask(mask);
    if (helper < 0) return {Started::kNot, -1, errno};
    if (!request.wait) {
        is_gone(helper, 0);
        return {request.failed ? Started::kNot : Started::kRunning, -1, request.error};
    }
    if (!wait_until(now_ns() + wait_ns, [helper] { return is_gone(helper, WNOHANG); })) {
        raw_syscall(SYS_kill, helper, SIGKILL);
        is_gone(helper, 0);
        return {Started::kTooLate, -1, 0};
    }
    const int status = request.status;
    if (request.failed) return {Started::kNot, -1, request.error};
    return {Started::kDone, WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0};
}

}  // namespace

bool take_invisible_process() {
    const auto own = static_cast<uint32_t>(raw_syscall(SYS_getpid));
    uint32_t owner = taken_by.load(std::memory_order_relaxed);
    return owner != own && taken_by.compare_exchange_strong(owner, own, std::memory_order_acquire);
}

void give_back_invisible_process() {
    taken_by.store(0, std::memory_order_release);
}

StartResult start_invisibly(const InvisibleProcess& process_to_start, uint64_t wait_ns) {
    request.process = process_to_start;
    request.wait = wait_ns != 0;
    request.failed = false;
    request.error = 0;
    request.status = -1;
    const int saved = errno;  // clone is libc's
    const StartResult result = start(wait_ns);
    errno = saved;
    return result;
}

}  // namespace preload
