// SPDX-License-Identifier: Apache-2.0
//
// A program that leaves a thread blocked on a condition, and before it returns 7
//     odd_ends none
//     odd_ends close-stderr       as xz and sort do
//     odd_ends keep-stderr        lets no child have it, as Node does
//     odd_ends move-stderr FILE   makes it another file
//     odd_ends chroot DIR         where nothing can be started
//     odd_ends filter             allows itself no new processes and no new programs, on pain of death
//     odd_ends filter-by-syscall  the same through syscall(), as libseccomp does
//     odd_ends two-threads        (and a second one)
// or leaves none:
//     odd_ends strict             allows itself read, write and exit alone, on pain of death
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

constexpr int kStatus = 7;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

void* block(void*) {
    pthread_mutex_lock(&mutex);
    for (;;) pthread_cond_wait(&condition, &mutex);
}

void leave_one_blocked() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, block, nullptr) != 0) abort();
    pthread_detach(thread);
}

void forbid_processes(bool by_syscall) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const sock_fprog filter{sizeof(program) / sizeof(program[0]), program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) abort();
    const long result = by_syscall ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter)
                                   : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    if (result != 0) abort();
}

void* nothing(void*) {
    return nullptr;
}

[[noreturn]] void end_strictly() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, nothing, nullptr) != 0 || pthread_join(thread, nullptr) != 0) abort();
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) abort();
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&condition);
    syscall(SYS_exit, kStatus);  // exit_group is not allowed either
    __builtin_unreachable();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    const char* const how = argv[1];
    if (strcmp(how, "strict") == 0) end_strictly();
    leave_one_blocked();
    if (strcmp(how, "two-threads") == 0) leave_one_blocked();
    gate::await_others_blocked(strcmp(how, "two-threads") == 0 ? 2 : 1);
    if (strcmp(how, "close-stderr") == 0) close(2);
    if (strcmp(how, "keep-stderr") == 0 && fcntl(2, F_SETFD, FD_CLOEXEC) != 0) abort();
    if (strcmp(how, "move-stderr") == 0 && dup2(open(argv[2], O_WRONLY | O_CREAT, 0600), 2) != 2) abort();
    if (strcmp(how, "chroot") == 0 && (chroot(argv[2]) != 0 || chdir("/") != 0)) abort();
    if (strncmp(how, "filter", 6) == 0) forbid_processes(strlen(how) > 6);
    return kStatus;
}
