// SPDX-License-Identifier: Apache-2.0
//
// Threads that sit in calls of a given depth. Says "sitting" when all do; SIGUSR2 lets it return from main.
//
//   deep_recursion DEPTH          one in each kind of recursion
//   deep_recursion DEPTH THREADS  so many in each
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/e2e/stacks/awaited_signal.h"
#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

constexpr int kKinds = 3;
constexpr size_t kStackBytes = 64 * 1024 * 1024;
int depth;
pthread_mutex_t never_free = PTHREAD_MUTEX_INITIALIZER;
int silent[2];
volatile int left;

__attribute__((noinline)) void fall(int levels) {
    if (levels > 0) {
        fall(levels - 1);  // SITE(fall) fall
    } else {
        pthread_mutex_lock(&never_free);  // SITE(locks) fall
    }
    left = levels;  // no tail call
}

__attribute__((noinline)) void dive(int levels) {
    char byte = 0;
    if (levels > 0) {
        dive(levels - 1);  // SITE(dive) dive
    } else {
        gate::raw_call(SYS_read, silent[0], reinterpret_cast<long>(&byte), 1);  // SITE(reads) dive
    }
    left = levels;
}

void tock(int levels);

__attribute__((noinline)) void tick(int levels) {
    if (levels > 0) {
        tock(levels - 1);  // SITE(tick) tick
    } else {
        pthread_mutex_lock(&never_free);  // SITE(ticks) tick
    }
    left = levels;
}

__attribute__((noinline)) void tock(int levels) {
    tick(levels - 1);  // SITE(tock) tock
    left = levels;
}

void* begin_fall(void*) {
    pthread_setname_np(pthread_self(), "fall");
    fall(depth);  // SITE(fall begins) begin_fall
    return nullptr;
}

void* begin_dive(void*) {
    pthread_setname_np(pthread_self(), "dive");
    dive(depth);  // SITE(dive begins) begin_dive
    return nullptr;
}

void* begin_tick(void*) {
    pthread_setname_np(pthread_self(), "tick");
    tick(depth);  // SITE(tick begins) begin_tick
    return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
    const AwaitedSignal go_on;
    depth = std::atoi(arguments[1]);
    if (pipe(silent) != 0) return 1;
    pthread_mutex_lock(&never_free);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackBytes);
    pthread_t thread;
    const int each = count > 2 ? std::atoi(arguments[2]) : 1;
    for (int i = 0; i < kKinds * each; ++i) {
        void* (*const routines[kKinds])(void*) = {begin_fall, begin_dive, begin_tick};
        pthread_create(&thread, &attributes, routines[i % kKinds], nullptr);
    }
    gate::await_others_stuck_in(static_cast<size_t>(kKinds * each), {SYS_read, SYS_futex});
    gate::say("sitting\n");
    go_on.await();
    return 0;
}
