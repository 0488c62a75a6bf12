// SPDX-License-Identifier: Apache-2.0
//
//   endings HOW LEFT
//
// Ends in one of the ways that a process can, and leaves a thread behind, or none.
// HOW:  return exit thread-exit _exit _Exit quick_exit last-thread err abort segv kill
// LEFT: none, blocked (on a condition), running, unjoined (finished)
#include <err.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

// Neither is ever destroyed: leftover threads use them to the last.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
gate::Flag started;

void* block(void*) {
    pthread_mutex_lock(&mutex);
    for (;;) pthread_cond_wait(&condition, &mutex);
}

void* spin(void*) {
    started.open();
    for (;;) __asm__ volatile("pause");
}

void* finish(void*) {
    return nullptr;
}

pthread_t start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) abort();
    return thread;
}

void leave(const char* what) {
    if (strcmp(what, "blocked") == 0) {
        pthread_detach(start(block));
        gate::await_others_blocked(1);
    } else if (strcmp(what, "running") == 0) {
        pthread_detach(start(spin));
        started.await_open();
    } else if (strcmp(what, "unjoined") == 0) {
        start(finish);
        gate::await_thread_count(1);
    }
}

/// The main thread is gone when it is its group's zombie.
bool main_has_ended() {
    char status[4096];
    gate::detail::read_task_file(getpid(), "status", status, sizeof(status));
    const char* const state = gate::detail::after_key(status, "State:\t");
    return state != nullptr && *state == 'Z';
}

void* exit_alone(void*) {
    gate::await(main_has_ended);
    exit(0);
}

void* finish_last(void*) {
    gate::await(main_has_ended);
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const char* const how = argv[1];
    leave(argv[2]);
    if (strcmp(how, "exit") == 0) exit(0);
    if (strcmp(how, "thread-exit") == 0 || strcmp(how, "last-thread") == 0) {
        pthread_detach(start(how[0] == 't' ? exit_alone : finish_last));
        pthread_exit(nullptr);
    }
    if (strcmp(how, "_exit") == 0) _exit(0);
    if (strcmp(how, "_Exit") == 0) _Exit(0);
    if (strcmp(how, "quick_exit") == 0) quick_exit(0);
    if (strcmp(how, "err") == 0) errx(3, "gave up");
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "segv") == 0) raise(SIGSEGV);
    if (strcmp(how, "kill") == 0) kill(getpid(), SIGKILL);
    return 0;
}
