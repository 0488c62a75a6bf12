// SPDX-License-Identifier: Apache-2.0
//
// Threads that come and go, 3,000 of them, so that what is left behind by one adds up:
//   short_lives detached   made and detached by six threads at once
//   short_lives timer      made by a timer inside libc
// and one alone:
//   short_lives unmapped   takes away the memory that its pthread_t was stored in
// Says "done 0" when all are gone, and stays.
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <atomic>

#include "tests/support/gate.h"

namespace {

constexpr int kLives = 3000;
constexpr int kMakers = 6;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<int> runs{0};

void* live(void*) {
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    return nullptr;
}

void* make_detached(void*) {
    for (int i = 0; i < kLives / kMakers; ++i) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, live, nullptr) != 0) abort();
        pthread_detach(thread);
    }
    return nullptr;
}

constexpr size_t kPage = 4096;
pthread_t* handle;

void* unmap(void*) {
    munmap(handle, kPage);
    return nullptr;
}

void make_unmapped() {
    void* const page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    handle = static_cast<pthread_t*>(page);
    if (page == MAP_FAILED || pthread_create(handle, nullptr, unmap, nullptr) != 0) abort();
}

void on_timer(sigval) {
    live(nullptr);
    ++runs;
}

void let_timer_make() {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_notify_function = on_timer;
    timer_t timer;
    const itimerspec often{{0, 50'000}, {0, 1}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &often, nullptr) != 0) abort();
    gate::await([] { return runs.load() >= kLives; });
    timer_delete(timer);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    size_t others = 0;
    if (strcmp(argv[1], "detached") == 0) {
        pthread_t makers[kMakers];
        for (pthread_t& maker : makers) pthread_create(&maker, nullptr, make_detached, nullptr);
        for (const pthread_t& maker : makers) pthread_join(maker, nullptr);
    } else if (strcmp(argv[1], "unmapped") == 0) {
        make_unmapped();
    } else {
        let_timer_make();
        others = 1;  // libc's own, which waits for the timers
    }
    gate::await_thread_count(1 + others);
    gate::say("done 0\n");
    gate::Flag().await_open();
}
