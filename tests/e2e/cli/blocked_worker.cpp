// SPDX-License-Identifier: Apache-2.0
//
// A program whose worker is blocked for good on a condition when it
//     exit STATUS       returns from main
//     exec PROGRAM      replaces itself
//     failed-exec       fails to, lets the worker go, and returns 0
//     quick-exit        calls quick_exit, whose handler lets the worker go
//     asleep            waits for the same condition itself, after "ready"
//     asleep-handler    the same, with a signal handler
//     hang              says "ready" and never ends by itself
//     obey STATUS       says "ready" and exits so at TERM
#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "tests/support/gate.h"

namespace {

// Of C: the destructor of a std::condition_variable would wait for its waiters.
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
bool released = false;
volatile std::sig_atomic_t status_at_term = 0;

void work() {
    pthread_mutex_lock(&mutex);
    while (!released) pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
}

void sleep_for_ever() {
    gate::say("ready\n");
    work();
}

void release(std::thread& worker) {
    pthread_mutex_lock(&mutex);
    released = true;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
    worker.join();
}

std::thread* released_at_quick_exit = nullptr;

void exit_at_term(int) {
    _exit(status_at_term);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string action = argc > 1 ? argv[1] : "";
    const char* const argument = argc > 2 ? argv[2] : "0";
    std::thread worker(work);
    gate::await_others_blocked(1);
    if (action == "failed-exec") {
        execl("/no/such/program", "program", static_cast<char*>(nullptr));
        release(worker);
        return 0;
    }
    if (action == "quick-exit") {
        released_at_quick_exit = &worker;
        std::at_quick_exit([] { release(*released_at_quick_exit); });
        std::quick_exit(0);
    }
    worker.detach();
    if (action == "exit") return std::atoi(argument);
    if (action == "exec") execlp(argument, argument, static_cast<char*>(nullptr));
    if (action == "asleep-handler") std::signal(SIGALRM, [](int) {});
    if (action.starts_with("asleep")) sleep_for_ever();
    if (action == "obey") {
        status_at_term = std::atoi(argument);
        std::signal(SIGTERM, exit_at_term);
    }
    gate::say("ready\n");
    while (true) pause();
}
