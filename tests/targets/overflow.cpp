// SPDX-License-Identifier: Apache-2.0
//
// More than a recording has room for: `overflow threads N`, `overflow holds N`, `overflow stacks N`;
// `overflow locking_threads N`: threads that call a wrapper each, and as many that cannot be made.
// What does not fit is the library's loss alone: the program must not notice. Ends with status 0.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void* lock_and_wait(void* barrier) {
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
    static_cast<gate::Crossing*>(barrier)->arrive_and_await();
    return nullptr;
}

void* nothing(void* barrier) {
    static_cast<gate::Crossing*>(barrier)->arrive_and_await();
    return nullptr;
}

void fail_to_make_threads(int count) {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{1} << 46);
    for (int i = 0; i < count; ++i) {
        if (pthread_create(&thread, &attributes, nothing, nullptr) == 0) abort();
    }
}

/// All of them live at once.
void make_threads(int count, void* (*routine)(void*)) {
    gate::Crossing together(count);
    std::vector<pthread_t> threads(static_cast<size_t>(count));
    for (pthread_t& thread : threads) {
        if (pthread_create(&thread, nullptr, routine, &together) != 0) abort();
    }
    if (routine == lock_and_wait) fail_to_make_threads(count);
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

void hold_locks(int count) {
    std::vector<pthread_mutex_t> locks(static_cast<size_t>(count), pthread_mutex_t PTHREAD_MUTEX_INITIALIZER);
    for (pthread_mutex_t& lock : locks) {
        if (pthread_mutex_lock(&lock) != 0) abort();
    }
    for (pthread_mutex_t& lock : locks) {
        if (pthread_mutex_unlock(&lock) != 0) abort();
    }
}

/// One call path for each value of `path`: its bits choose between two call sites.
[[gnu::noinline]] int descend(unsigned path, int depth) {
    if (depth == 0) {
        pthread_mutex_lock(&lock);
        pthread_mutex_unlock(&lock);
        return 0;
    }
    if ((path & 1U) != 0) return descend(path >> 1, depth - 1) + 1;
    return descend(path >> 1, depth - 1) - 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const int count = atoi(argv[2]);
    if (strcmp(argv[1], "threads") == 0) make_threads(count, nothing);
    if (strcmp(argv[1], "locking_threads") == 0) make_threads(count, lock_and_wait);
    if (strcmp(argv[1], "holds") == 0) hold_locks(count);
    if (strcmp(argv[1], "stacks") == 0) {
        for (int path = 0; path < count; ++path) descend(static_cast<unsigned>(path), 16);
    }
}
