// SPDX-License-Identifier: Apache-2.0
//
// A child that was forked while its parent had a lock, and whose threads want that one, and another that a thread
// of its own left behind. Says "sitting" and the child's number when they wait; ends by a signal only.
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>

#include "tests/support/gate.h"

pthread_mutex_t g_forked = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t g_left = PTHREAD_MUTEX_INITIALIZER;

namespace {

void* leave_locked(void*) {
    pthread_mutex_lock(&g_left);
    return nullptr;
}

void* want_forked(void*) {
    pthread_setname_np(pthread_self(), "wants forked");
    pthread_mutex_lock(&g_forked);
    _exit(4);
}

void* want_left(void*) {
    pthread_setname_np(pthread_self(), "wants left");
    pthread_mutex_lock(&g_left);
    _exit(4);
}

void sit() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_t thread;
    pthread_create(&thread, nullptr, leave_locked, nullptr);
    pthread_join(thread, nullptr);
    pthread_create(&thread, nullptr, want_forked, nullptr);
    pthread_create(&thread, nullptr, want_left, nullptr);
    gate::await_others_blocked(2);
    gate::say(("sitting " + std::to_string(getpid()) + "\n").c_str());
}

}  // namespace

int main() {
    pthread_mutex_lock(&g_forked);
    if (fork() == 0) sit();
    for (;;) pause();
}
