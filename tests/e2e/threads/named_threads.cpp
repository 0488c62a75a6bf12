// SPDX-License-Identifier: Apache-2.0
//
// Creates a thread and names it at the worst moment: while it begins, and whoever asks the kernel for its name
// then has been told the old one, but has not got the answer. Says "named" and waits for a signal.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstddef>

#include "tests/support/gate.h"

namespace {

constexpr uint32_t kUntrapped = 0x5eed;  // a third argument, which the kernel does not look at

gate::Flag asked;
gate::Flag named;
std::atomic<bool> has_asked{false};

void answer_late(int, siginfo_t*, void* context) {
    auto* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    registers[REG_RAX] = gate::raw_call(SYS_prctl, PR_GET_NAME, registers[REG_RSI], kUntrapped);
    if (gate::raw_call(SYS_gettid) == gate::raw_call(SYS_getpid) || has_asked.exchange(true)) return;
    asked.open();
    named.await_open();
}

/// By system calls of its own: what the program does is no affair of any library.
bool trap_questions() {
    struct sigaction action {};
    action.sa_sigaction = answer_late;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSYS, &action, nullptr);
    const auto word = [](size_t offset) { return static_cast<uint32_t>(offset); };
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word(offsetof(seccomp_data, nr))),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word(offsetof(seccomp_data, args))),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_GET_NAME, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, word(offsetof(seccomp_data, args) + 2 * sizeof(uint64_t))),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kUntrapped, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof steps / sizeof *steps, steps};
    return gate::raw_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) == 0 &&
           gate::raw_call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, reinterpret_cast<long>(&program)) == 0;
}

/// Without a library that asks, the thread does.
void* begin(void*) {
    char name[16];
    gate::raw_call(SYS_prctl, PR_GET_NAME, reinterpret_cast<long>(name));
    for (;;) pause();
}

}  // namespace

int main() {
    if (!trap_questions()) return 1;
    pthread_t thread;
    if (pthread_create(&thread, nullptr, begin, nullptr) != 0) return 1;
    asked.await_open();
    if (pthread_setname_np(thread, "given") != 0) return 1;
    named.open();
    gate::await_others_in(SYS_pause, 1);
    gate::say("named\n");
    for (;;) pause();
}
