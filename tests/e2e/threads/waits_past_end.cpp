// SPDX-License-Identifier: Apache-2.0
//
// Threads whose start routine has returned, or was left, and that wait in a destructor of theirs. Says "waiting"
// when all do; ends by a signal only.
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <climits>
#include <cstdint>

#include "tests/support/gate.h"

sem_t g_semaphore;
pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;

namespace {

enum Wait : uintptr_t { kNone, kSemaphore, kMutex };

void wait_in(uintptr_t wait) {
    if (wait == kSemaphore) sem_wait(&g_semaphore);  // SITE(semaphore) wait_in
    if (wait == kMutex) pthread_mutex_lock(&g_mutex);
}

struct Local {
    Wait wait = kNone;
    ~Local() { wait_in(wait); }
};
thread_local Local local;

pthread_key_t key;
pthread_key_t late_key;

void wait_in_destructor(void* value) {
    wait_in(reinterpret_cast<uintptr_t>(value));
}

void end_late(void* value) {
    const auto word = reinterpret_cast<uintptr_t>(value);
    const uintptr_t round = word / 16 + 1;
    if (round == PTHREAD_DESTRUCTOR_ITERATIONS) {
        wait_in(word % 16);
    } else {
        pthread_setspecific(late_key, reinterpret_cast<void*>(word + 16));
    }
}

void* as_value(Wait wait) {
    return reinterpret_cast<void*>(wait);
}

struct Row {
    const char* name;
    void (*run)();
    bool detached = false;
};

constexpr Row kRows[] = {
    {"local", [] { local.wait = kSemaphore; }},
    {"local mutex", [] { local.wait = kMutex; }},
    {"key", [] { pthread_setspecific(key, as_value(kSemaphore)); }},
    {"key mutex", [] { pthread_setspecific(key, as_value(kMutex)); }},
    {"left", [] { pthread_setspecific(key, as_value(kSemaphore)), pthread_exit(nullptr); }},
    {"detached", [] { pthread_setspecific(key, as_value(kSemaphore)); }, true},
    {"last", [] { pthread_setspecific(late_key, as_value(kSemaphore)); }},
    {"last mutex", [] { pthread_setspecific(late_key, as_value(kMutex)); }},
    {"last detached", [] { pthread_setspecific(late_key, as_value(kSemaphore)); }, true},
};

void* begin(void* argument) {
    const Row& row = *static_cast<const Row*>(argument);
    pthread_setname_np(pthread_self(), row.name);
    row.run();
    return nullptr;
}

}  // namespace

int main() {
    sem_init(&g_semaphore, 0, 0);
    pthread_key_create(&key, wait_in_destructor);
    pthread_key_create(&late_key, end_late);
    pthread_mutex_lock(&g_mutex);
    size_t started = 0;
    for (const Row& row : kRows) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        if (row.detached) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_t thread;
        pthread_create(&thread, &attributes, begin, const_cast<Row*>(&row));
        gate::await_others_blocked(++started);
    }
    gate::say("waiting\n");
    for (;;) pause();
}
