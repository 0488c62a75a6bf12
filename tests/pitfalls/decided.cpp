// SPDX-License-Identifier: Apache-2.0
//
// What the library's design had to decide, a situation each: `decided SITUATION`. Says "ready" when it is reached.
// Situations end with status 0 where nothing is left behind; others stay until they are killed.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
sem_t never;

pthread_t start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) std::abort();
    return thread;
}

void* lock_mutex(void*) {
    pthread_mutex_lock(&mutex);
    return nullptr;
}

void* wait_for_ever(void*) {
    sem_wait(&never);
    return nullptr;
}

/// Bytes in memory, as the kernel counts them.
long resident_kilobytes() {
    char status[4096];
    gate::detail::read_task_file(getpid(), "status", status, sizeof(status));
    return static_cast<long>(gate::detail::number_at(gate::detail::after_key(status, "VmRSS:")));
}

/// Also before there is a recording, so that all of it is locked as it is made.
int lock_memory(int when) {
    if (mlockall(when) != 0) return 2;
    pthread_mutex_lock(&mutex);
    pthread_t threads[8];
    for (pthread_t& thread : threads) thread = start(lock_mutex);
    gate::await_others_blocked(8);
    const long resident = resident_kilobytes();
    for (int i = 0; i < 9; ++i) pthread_mutex_unlock(&mutex);
    std::printf("%ld\n", resident);
    std::fflush(stdout);
    _exit(0);
}

/// What a child of fork does to what it has of its parent's, in every way that the library sees.
void scribble() {
    pthread_setname_np(pthread_self(), "scribbler");
    for (int i = 0; i < 1000; ++i) {
        pthread_mutex_unlock(&mutex);
        pthread_mutex_lock(&other);
        pthread_mutex_unlock(&other);
        pthread_cond_signal(&changed);
        sem_post(&never);
    }
    pthread_join(start([](void*) -> void* { return nullptr; }), nullptr);
}

int fork_scribbler() {
    sem_init(&never, 0, 0);
    pthread_mutex_lock(&mutex);
    start(lock_mutex);
    start(wait_for_ever);
    gate::await_others_blocked(2);
    sigset_t go;
    sigemptyset(&go);
    sigaddset(&go, SIGUSR2);
    sigprocmask(SIG_BLOCK, &go, nullptr);
    const pid_t child = fork();
    if (child == 0) {
        int signal = 0;
        sigwait(&go, &signal);
        scribble();
        gate::say("scribbled\n");
        for (;;) pause();
    }
    char line[32];
    std::snprintf(line, sizeof(line), "ready %d\n", child);
    gate::say(line);
    for (;;) pause();
}

/// The handle of a thread that was joined is given to the next one.
int join_again() {
    sem_init(&never, 0, 0);
    pthread_t first{};
    pthread_t last{};
    for (int i = 0; i < 100; ++i) {
        last = start([](void*) -> void* { return nullptr; });
        if (i == 0) first = last;
        pthread_join(last, nullptr);
    }
    last = start(wait_for_ever);
    gate::await_others_blocked(1);
    gate::say(pthread_equal(first, last) != 0 ? "ready same\n" : "ready another\n");
    pthread_join(last, nullptr);
    return 0;
}

void hold_up(void*) {
    gate::say("cleaning\n");
    sem_wait(&never);
}

void* wait_until_cancelled(void*) {
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(hold_up, nullptr);
    pthread_cond_wait(&changed, &mutex);
    pthread_cleanup_pop(0);
    return nullptr;
}

/// A thread cancelled in a condition wait has its mutex again when its handlers run.
int cancel_wait() {
    sem_init(&never, 0, 0);
    const pthread_t waiter = start(wait_until_cancelled);
    gate::await_others_blocked(1);
    pthread_cancel(waiter);
    gate::await_others_blocked(1);
    start(lock_mutex);
    gate::await_others_blocked(2);
    gate::say("ready\n");
    for (;;) pause();
}

pthread_mutex_t recursive;
int depth = 1;

void* wait_recursively(void*) {
    for (int i = 0; i < depth; ++i) pthread_mutex_lock(&recursive);
    pthread_cond_wait(&changed, &recursive);
    return nullptr;
}

void* lock_recursive(void*) {
    pthread_mutex_lock(&recursive);
    return nullptr;
}

/// Locked once it is given up in the wait; locked twice the waiter still has it.
int wait_with_recursive(int locked) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &attributes);
    depth = locked;
    start(wait_recursively);
    gate::await_others_blocked(1);
    if (locked == 1) {
        pthread_mutex_lock(&recursive);
    } else {
        start(lock_recursive);
        gate::await_others_blocked(2);
    }
    gate::say("ready\n");
    for (;;) pause();
}

/// Threads with a name that tells two processes of one pid apart.
int stay(const char* name) {
    sem_init(&never, 0, 0);
    pthread_setname_np(start(wait_for_ever), name);
    gate::await_others_blocked(1);
    gate::say("ready\n");
    for (;;) pause();
}

/// As a service is whose recording has this many threads.
int be_killed(int count) {
    for (int i = 0; i < count; ++i) start(lock_mutex);
    return kill(getpid(), SIGKILL);
}

}  // namespace

int main(int count, char** words) {
    const char* const situation = count > 1 ? words[1] : "";
    const auto is = [&](const char* word) { return std::strcmp(situation, word) == 0; };
    if (is("lock_memory")) return lock_memory(MCL_CURRENT | MCL_FUTURE);
    if (is("scribble")) return fork_scribbler();
    if (is("join_again")) return join_again();
    if (is("cancel_wait")) return cancel_wait();
    if (is("recursive")) return wait_with_recursive(1);
    if (is("recursive_twice")) return wait_with_recursive(2);
    if (is("stay") && count > 2) return stay(words[2]);
    if (is("be_killed")) return be_killed(count > 2 ? std::atoi(words[2]) : 1);
    return 2;
}
