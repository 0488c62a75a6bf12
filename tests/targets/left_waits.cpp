// SPDX-License-Identifier: Apache-2.0
//
// Waits that never return: a second thread waits, and is taken out of it.
//   left_waits cancel WAIT   by pthread_cancel; its cleanup handler says "cleaning TID" and stays
//   left_waits jump WAIT     by siglongjmp out of a signal handler; then it calls pthread_exit, and
//                            the program says "left 0" and ends
// WAIT: condition, timed-condition, semaphore, join, timed-join, sleep, futex
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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

struct Wait {
    const char* name;
    void (*enter)();
    size_t threads;  ///< how many take part
};
constexpr Wait kWaits[] = {{"condition", wait_for_condition, 1},
                           {"timed-condition", wait_for_condition_in_time, 1},
                           {"semaphore", wait_for_semaphore, 1},
                           {"join", wait_for_thread, 2},
                           {"timed-join", wait_for_thread_in_time, 2},
                           {"sleep", wait_for_time, 1},
                           {"futex", wait_on_futex, 1}};
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
    volatile char bytes[4096];
    for (volatile char& byte : bytes) byte = 0x55;
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
    const pthread_t thread = start(cancels ? wait_until_cancelled : wait_until_jump);
    if (wait_to_leave->enter == wait_for_time) {
        gate::await_others_sleeping(1);
    } else {
        gate::await_others_blocked(wait_to_leave->threads);
    }
    if (cancels) {
        pthread_cancel(thread);
        never.await_open();
    }
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, nullptr);
    gate::say("left 0\n");
    _exit(0);
}
