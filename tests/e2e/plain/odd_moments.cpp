// SPDX-License-Identifier: Apache-2.0
//
// A program that leaves a thread blocked on a condition and ends with 7; before that, or meanwhile
//     odd_moments small-stack   takes SIGUSR1 on a signal stack of the smallest size that is of use
//     odd_moments vfork-wait    a child of vfork waits, before there is a thread
//     odd_moments vfork-filter  a child of vfork installs a seccomp filter
//     odd_moments failed-exec   another thread tries to execute what is not there, again and again
//     odd_moments left-futex    jumps out of a futex call, and takes SIGUSR1 in a read at its place
#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

constexpr int kStatus = 7;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

void check(bool holds) {
    if (!holds) abort();
}

void start(void* (*routine)(void*)) {
    pthread_t thread;
    check(pthread_create(&thread, nullptr, routine, nullptr) == 0);
    pthread_detach(thread);
}

void* block(void*) {
    pthread_mutex_lock(&mutex);
    for (;;) pthread_cond_wait(&condition, &mutex);
}

/// Below it is a page that nobody may touch.
void* take_signal_on_small_stack(void*) {
    constexpr size_t kPage = 4096;
    constexpr size_t kOfUse = 1024;  // what a handler that does something needs beside the kernel's frame
    const size_t bytes = getauxval(AT_MINSIGSTKSZ) + kOfUse;
    const size_t mapped = (bytes + 2 * kPage) / kPage * kPage;
    char* const memory =
        static_cast<char*>(mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    check(memory != MAP_FAILED && mprotect(memory, kPage, PROT_NONE) == 0);
    const stack_t stack{memory + kPage, 0, mapped - kPage < bytes ? mapped - kPage : bytes};
    check(sigaltstack(&stack, nullptr) == 0);
    pthread_kill(pthread_self(), SIGUSR1);
    gate::say("survived\n");
    return nullptr;
}

void wait_in_vfork_child() {
    static sem_t never_posted;
    check(sem_init(&never_posted, 0, 0) == 0);
    const timespec past{1, 0};
    const pid_t child = vfork();
    if (child == 0) {
        sem_timedwait(&never_posted, &past);
        _exit(0);
    }
    check(waitpid(child, nullptr, 0) == child);
}

void install_filter_in_vfork_child() {
    sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog filter{1, all};
    const pid_t child = vfork();
    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
        _exit(0);
    }
    check(waitpid(child, nullptr, 0) == child);
}

gate::Flag trying;

void* try_to_execute(void*) {
    char program[] = "/no/such/program";
    char* const arguments[] = {program, nullptr};
    for (;;) {
        execv(program, arguments);
        trying.open();
    }
}

sigjmp_buf out;
int data[2];

void jump(int) {
    siglongjmp(out, 1);
}

/// To the main thread: SIGUSR2 in its futex call, SIGUSR1 in its read, then something to read.
void* disturb_main(void*) {
    const long main_thread = getpid();
    const auto main_is_in = [](long call) {
        return [call] {
            const gate::detail::Sight sight = gate::detail::look_at(getpid());
            return sight.asleep && sight.call == call;
        };
    };
    gate::await(main_is_in(SYS_futex));
    syscall(SYS_tgkill, main_thread, main_thread, SIGUSR2);
    gate::await(main_is_in(SYS_read));
    syscall(SYS_tgkill, main_thread, main_thread, SIGUSR1);
    gate::await(main_is_in(SYS_read));
    check(write(data[1], "x", 1) == 1);
    return nullptr;
}

/// One depth for both calls.
__attribute__((noinline)) long call(long number, long a, long b, long c) {
    return syscall(number, a, b, c, 0, 0, 0);
}

void read_where_futex_was_left() {
    static int word = 0;
    check(pipe(data) == 0 && signal(SIGUSR2, jump) != SIG_ERR);
    start(disturb_main);
    if (sigsetjmp(out, 1) == 0) call(SYS_futex, reinterpret_cast<long>(&word), FUTEX_WAIT, 0);
    char byte = 0;
    long got = 0;
    do {  // what a call through syscall() is, nobody can tell: it may be interrupted, but never be another
        errno = 0;
        got = call(SYS_read, data[0], reinterpret_cast<long>(&byte), 1);
    } while (got == -1 && errno == EINTR);
    check(got == 1 && byte == 'x');
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const char* const when = argv[1];
    if (strcmp(when, "vfork-wait") == 0) wait_in_vfork_child();
    start(block);
    gate::await_others_blocked(1);
    if (strcmp(when, "vfork-filter") == 0) install_filter_in_vfork_child();
    if (strcmp(when, "left-futex") == 0) read_where_futex_was_left();
    if (strcmp(when, "small-stack") == 0) {
        pthread_t thread;
        check(pthread_create(&thread, nullptr, take_signal_on_small_stack, nullptr) == 0);
        pthread_join(thread, nullptr);
    }
    if (strcmp(when, "failed-exec") == 0) {
        start(try_to_execute);
        trying.await_open();
    }
    exit(kStatus);
}
