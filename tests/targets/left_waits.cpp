// SPDX-License-Identifier: Apache-2.0
//
// Waits that never return: a second thread waits, and is taken out of it.
//   left_waits cancel WAIT   by pthread_cancel; its cleanup handler says "cleaning TID" and stays
//   left_waits jump WAIT     by siglongjmp out of a signal handler; then it calls pthread_exit, and
//                            the program says "left 0" and ends
//   left_waits forget WAIT   the same way; then it makes a call deeper in its stack, says "gone TID" and stays
// WAIT: condition, timed-condition, semaphore, join, timed-join, sleep, futex, read, recv, accept, select,
//       fgets, lockf, waitpid, pause, sigwait, mq_receive
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
sem_t never_posted;
gate::Flag never;
sigjmp_buf out;
const timespec far_away{4'000'000'000, 0};

void wait_for_condition() {
    pthread_mutex_lock(&mutex);
    pthread_cond_wait(&condition, &mutex);
}

void wait_for_condition_in_time() {
    pthread_mutex_lock(&mutex);
    pthread_cond_timedwait(&condition, &mutex, &far_away);
}

void wait_for_semaphore() {
    sem_wait(&never_posted);
}

void* block(void*) {
    wait_for_semaphore();
    return nullptr;
}

pthread_t start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) abort();
    return thread;
}

void wait_for_thread() {
    pthread_join(start(block), nullptr);
}

void wait_for_thread_in_time() {
    pthread_timedjoin_np(start(block), nullptr, &far_away);
}

void wait_for_time() {
    sleep(3600);
}

/// No cancellation point: only asynchronous cancellation gets a thread out.
void wait_on_futex() {
    static int word = 0;
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr);
}

int empty_pipe() {
    int ends[2];
    if (pipe(ends) != 0) abort();
    return ends[0];
}
int empty_socket() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
    return ends[0];
}
char bytes[8];

void wait_in_read() {
    read(empty_pipe(), bytes, 1);
}
void wait_in_recv() {
    recv(empty_socket(), bytes, 1, 0);
}
void wait_in_accept() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listen(listener, 1) != 0) abort();
    accept(listener, nullptr, nullptr);
}
void wait_in_select() {
    select(0, nullptr, nullptr, nullptr, nullptr);
}
void wait_in_fgets() {
    fgets(bytes, sizeof(bytes), fdopen(empty_pipe(), "r"));
}
/// Locked through another open file: those locks are not the process'.
void wait_in_lockf() {
    char name[] = "/tmp/left-waits-XXXXXX";
    const int file = mkstemp(name);
    const int other = open(name, O_RDWR);
    unlink(name);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    if (fcntl(other, F_OFD_SETLK, &whole) != 0) abort();
    lockf(file, F_LOCK, 0);
}
/// The child ends with the program, whose end of the pipe it reads from.
void wait_in_waitpid() {
    int ends[2];
    if (pipe(ends) != 0) abort();
    const pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        _exit(static_cast<int>(read(ends[0], bytes, 1)));
    }
    waitpid(child, nullptr, 0);
}
void wait_in_pause() {
    pause();
}
void wait_in_sigwait() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    int got;
    sigwait(&set, &got);
}
void wait_in_mq_receive() {
    char name[32];
    snprintf(name, sizeof(name), "/left-waits-%d", getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 1;
    attributes.mq_msgsize = sizeof(bytes);
    const mqd_t queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
    mq_unlink(name);
    mq_receive(queue, bytes, sizeof(bytes), nullptr);
}

struct Wait {
    const char* name;
    void (*enter)();
    size_t threads = 1;            ///< how many take part
    long call = gate::kCallFutex;  ///< what they sleep in
};
constexpr Wait kWaits[] = {{"condition", wait_for_condition, 1},
                           {"timed-condition", wait_for_condition_in_time, 1},
                           {"semaphore", wait_for_semaphore, 1},
                           {"join", wait_for_thread, 2},
                           {"timed-join", wait_for_thread_in_time, 2},
                           {"sleep", wait_for_time, 1, gate::kCallClockNanosleep},
                           {"futex", wait_on_futex},
                           {"read", wait_in_read, 1, SYS_read},
                           {"recv", wait_in_recv, 1, SYS_recvfrom},
                           {"accept", wait_in_accept, 1, SYS_accept},
                           {"select", wait_in_select, 1, SYS_pselect6},
                           {"fgets", wait_in_fgets, 1, SYS_read},
                           {"lockf", wait_in_lockf, 1, SYS_fcntl},
                           {"waitpid", wait_in_waitpid, 1, SYS_wait4},
                           {"pause", wait_in_pause, 1, SYS_pause},
                           {"sigwait", wait_in_sigwait, 1, SYS_rt_sigtimedwait},
                           {"mq_receive", wait_in_mq_receive, 1, SYS_mq_timedreceive}};
const Wait* wait_to_leave;

void stay(void*) {
    char text[32];
    snprintf(text, sizeof(text), "cleaning %ld\n", gate::raw_call(/*gettid*/ 186));
    gate::say(text);
    never.await_open();
}

void* wait_until_cancelled(void*) {
    pthread_cleanup_push(stay, nullptr);
    wait_to_leave->enter();
    pthread_cleanup_pop(0);
    return nullptr;
}

void jump(int) {
    siglongjmp(out, 1);
}

/// Overwrites what the left wait had on the stack.
__attribute__((noinline)) void use_stack() {
    volatile char old[4096];
    for (volatile char& byte : old) byte = 0x55;
}

/// Deeper than any of the waits.
__attribute__((noinline)) void call_deep_down() {
    [[maybe_unused]] volatile char bytes_between[16384];
    bytes_between[0] = 0;
    read(-1, bytes, 1);
    bytes_between[1] = 0;
}

void* wait_and_forget(void*) {
    if (sigsetjmp(out, 1) == 0) wait_to_leave->enter();
    use_stack();
    call_deep_down();
    char text[32];
    snprintf(text, sizeof(text), "gone %ld\n", gate::raw_call(SYS_gettid));
    gate::say(text);
    never.await_open();
    return nullptr;
}

void* wait_until_jump(void*) {
    if (sigsetjmp(out, 1) == 0) wait_to_leave->enter();
    use_stack();
    pthread_exit(nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    for (const Wait& wait : kWaits) {
        if (strcmp(wait.name, argv[2]) == 0) wait_to_leave = &wait;
    }
    if (wait_to_leave == nullptr) return 2;
    const bool cancels = strcmp(argv[1], "cancel") == 0;
    signal(SIGUSR2, jump);
    const bool forgets = strcmp(argv[1], "forget") == 0;
    const pthread_t thread = start(cancels ? wait_until_cancelled : forgets ? wait_and_forget : wait_until_jump);
    gate::await_others_in(wait_to_leave->call, wait_to_leave->threads);
    if (cancels) {
        pthread_cancel(thread);
        never.await_open();
    }
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, nullptr);
    gate::say("left 0\n");
    _exit(0);
}
