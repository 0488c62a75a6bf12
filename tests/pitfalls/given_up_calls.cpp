// SPDX-License-Identifier: Apache-2.0
//
// A program that allows itself the system calls that it and libc make, and no other: `given_up_calls HOW SINCE WHAT`.
//     HOW    kill, errno            what another call gets; kill-all, errno-all: by seccomp(), and in all threads
//     SINCE  first, later           it has created no thread and written nothing before that; it has
//     WHAT   return, exit, _exit, quick_exit, threads, contended, condition, handler, fork, fork-held, exec,
//            fork-threads           it has threads in the child
//            at-thread-end          a thread gives them up at its end, for all
// It ends with 7.
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/support/gate.h"

namespace {

constexpr int kStatus = 7;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
gate::Flag begun;  // by the worker: what libc does for a new thread is over
gate::Flag forbidden;
int count = 0;
char* own_path = nullptr;

bool is(const char* one, const char* another) {
    return std::strcmp(one, another) == 0;
}

bool is_fork(const char* what) {
    return std::strncmp(what, "fork", 4) == 0;
}

void check(bool is_right) {
    if (!is_right) std::abort();
}

/// What the end of a process takes, and the gates.
std::vector<long> calls_of_all() {
    return {SYS_write, SYS_exit, SYS_exit_group, SYS_nanosleep, SYS_rt_sigreturn};
}

std::vector<long> calls_for(const char* what) {
    std::vector<long> calls = calls_of_all();
    const auto add = [&calls](std::vector<long> more) { calls.insert(calls.end(), more.begin(), more.end()); };
    const std::vector<long> of_threads{SYS_clone,           SYS_clone3,  SYS_mmap,  SYS_mprotect,
                                       SYS_munmap,          SYS_rseq,    SYS_futex, SYS_rt_sigprocmask,
                                       SYS_set_robust_list, SYS_madvise, SYS_brk,   SYS_rt_sigaction};
    const std::vector<long> of_forks{SYS_clone, SYS_fork, SYS_wait4, SYS_set_robust_list, SYS_rseq, SYS_brk};
    if (is(what, "threads") || is(what, "fork-threads")) add(of_threads);
    if (is(what, "contended") || is(what, "condition") || is(what, "at-thread-end"))
        add({SYS_futex, SYS_madvise, SYS_rt_sigprocmask});
    if (is(what, "handler")) add({SYS_tgkill, SYS_getpid, SYS_gettid, SYS_rt_sigprocmask, SYS_rt_sigaction});
    if (is_fork(what)) add(of_forks);
    // The loader's, and libc's at its start.
    if (is(what, "exec"))
        add({SYS_execve, SYS_brk, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_openat, SYS_read, SYS_pread64, SYS_close,
             SYS_fstat, SYS_newfstatat, SYS_arch_prctl, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq,
             SYS_prlimit64});
    return calls;
}

void give_up_all_but(const std::vector<long>& calls, const char* how) {
    std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const long call : calls) {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
        program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    }
    const bool is_for_all = is(how, "kill-all") || is(how, "errno-all");
    const unsigned refused =
        is(how, "kill") || is(how, "kill-all") ? SECCOMP_RET_KILL_PROCESS : SECCOMP_RET_ERRNO | EPERM;
    program.push_back(BPF_STMT(BPF_RET | BPF_K, refused));
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    const long result = is_for_all ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter)
                                   : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
    check(result == 0);
}

void write_line(const char* line) {
    check(write(STDOUT_FILENO, line, std::strlen(line)) > 0);
}

void* work(void*) {
    pthread_mutex_lock(&mutex);
    ++count;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return nullptr;
}

void* work_once_forbidden(void* argument) {
    begun.open();
    forbidden.await_open();
    return work(argument);
}

void create_and_join() {
    pthread_t threads[8];
    for (pthread_t& thread : threads) check(pthread_create(&thread, nullptr, work, nullptr) == 0);
    for (pthread_t thread : threads) check(pthread_join(thread, nullptr) == 0);
}

void handle(int) {
    pthread_mutex_lock(&other);
    ++count;
    pthread_mutex_unlock(&other);
}

/// What is held at the fork is the child's to unlock.
void fork_and_wait(const char* what) {
    const pid_t child = fork();
    check(child >= 0);
    if (child == 0) {
        if (is(what, "fork-held")) check(pthread_mutex_unlock(&other) == 0);
        if (is(what, "fork-threads")) create_and_join();
        work(nullptr);
        write_line("child\n");
        _exit(kStatus);
    }
    int status = 0;
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == kStatus);
}

pthread_key_t key;
std::vector<long> calls_at_end;
const char* how_at_end = "";

/// Run as often as libc does, and the last time after those of libraries that were there before.
void give_up_at_last(void* round) {
    const auto rounds = reinterpret_cast<uintptr_t>(round);
    if (rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        check(pthread_setspecific(key, reinterpret_cast<void*>(rounds + 1)) == 0);
    } else {
        give_up_all_but(calls_at_end, how_at_end);
    }
}

void* end_with_key(void*) {
    check(pthread_setspecific(key, reinterpret_cast<void*>(uintptr_t{1})) == 0);
    return nullptr;
}

void give_up_at_thread_end(const char* how) {
    how_at_end = how;
    calls_at_end = calls_for("at-thread-end");
    check(pthread_key_create(&key, give_up_at_last) == 0);
    pthread_t thread;
    check(pthread_create(&thread, nullptr, end_with_key, nullptr) == 0 && pthread_join(thread, nullptr) == 0);
}

/// Somebody waits for it, as libc says.
bool is_awaited(const pthread_mutex_t& lock) {
    return __atomic_load_n(&lock.__data.__lock, __ATOMIC_RELAXED) == 2;
}

void do_it(const char* how, const char* what) {
    const bool is_contended = is(what, "contended");
    pthread_t worker;
    if (is_contended || is(what, "condition")) {
        check(pthread_create(&worker, nullptr, work_once_forbidden, nullptr) == 0);
        begun.await_open();
        pthread_mutex_lock(&mutex);
    }
    if (is(what, "fork-held")) pthread_mutex_lock(&other);
    count = 0;
    if (is(what, "at-thread-end")) {
        give_up_at_thread_end(how);
        work(nullptr);
    } else {
        give_up_all_but(calls_for(what), how);
    }
    write_line("given up\n");
    forbidden.open();
    if (is_contended) gate::await([] { return is_awaited(mutex); });
    while (is(what, "condition") && count == 0) pthread_cond_wait(&condition, &mutex);
    if (is_contended || is(what, "condition")) {
        pthread_mutex_unlock(&mutex);
        check(pthread_join(worker, nullptr) == 0 && count == 1);
    }
    if (is(what, "threads")) create_and_join();
    if (is(what, "handler")) {
        check(signal(SIGUSR2, handle) != SIG_ERR && raise(SIGUSR2) == 0 && count == 1);
    }
    if (is_fork(what)) fork_and_wait(what);
    if (is(what, "exec")) execl(own_path, own_path, nullptr);
    write_line("done\n");
}

}  // namespace

int main(int word_count, char** words) {
    if (word_count < 4) return kStatus;
    own_path = words[0];
    const char* const what = words[3];
    if (is(words[2], "later")) {
        create_and_join();
        write_line("begun\n");
    }
    do_it(words[1], what);
    if (is(what, "exit")) std::exit(kStatus);
    if (is(what, "_exit")) _exit(kStatus);
    if (is(what, "quick_exit")) std::quick_exit(kStatus);
    return kStatus;
}
