// SPDX-License-Identifier: Apache-2.0
//
//     unwinding CASE
//
// Frames of wrappers are left by other ways than a return; 7 when the program's own handlers ran as they
// should, no lock is left and no thread either.
//     cancelled   threads are cancelled at any moment while they wait, transfer and take locks
//     exited      pthread_exit below objects with destructors, and through catch (...)
//     thrown      exceptions through callbacks of libc, with locks held and waits between
//     terminated  a thread is destroyed that can be joined: std::terminate, and SIGABRT
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "tests/support/gate.h"

namespace {

constexpr int kStatus = 7;
constexpr int kThreads = 400;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t never = PTHREAD_COND_INITIALIZER;
sem_t none;
int silent[2];
std::atomic<int> alive{0};
std::atomic<int> cleaned{0};

void check(bool holds) {
    if (!holds) abort();
}

struct Counted {
    Counted() { alive.fetch_add(1); }
    ~Counted() { alive.fetch_sub(1); }
};

/// libc has taken the mutex again for us.
void unlock(void*) {
    check(pthread_mutex_unlock(&mutex) == 0);
    cleaned.fetch_add(1);
}

void wait_for_condition() {
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, nullptr);
    for (;;) pthread_cond_wait(&never, &mutex);
    pthread_cleanup_pop(0);
}

void wait_for_condition_for_a_time() {
    const timespec past{1, 0};
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, nullptr);
    for (;;) pthread_cond_timedwait(&never, &mutex, &past);
    pthread_cleanup_pop(0);
}

void sleep_and_lock() {
    const timespec moment{0, 1000};
    for (;;) {
        pthread_mutex_lock(&mutex);  // no cancellation point
        pthread_mutex_unlock(&mutex);
        nanosleep(&moment, nullptr);
    }
}

void wait_for_semaphore() {
    for (;;) sem_wait(&none);
}

void read_from_nobody() {
    char byte;
    for (;;) check(read(silent[0], &byte, 1) == -1);
}

void poll_nobody() {
    pollfd one{silent[0], POLLIN, 0};
    for (;;) poll(&one, 1, 1);
}

void* just_wait(void*) {
    sem_wait(&none);
    return nullptr;
}

/// The thread that is waited for goes on, and is cancelled in its turn.
void join_another() {
    pthread_t other;
    check(pthread_create(&other, nullptr, just_wait, nullptr) == 0);
    pthread_cleanup_push(
        [](void* thread) {
            const auto joined = *static_cast<pthread_t*>(thread);
            check(pthread_cancel(joined) == 0);
            check(pthread_join(joined, nullptr) == 0);
            cleaned.fetch_add(1);
        },
        &other);
    pthread_join(other, nullptr);
    pthread_cleanup_pop(0);
}

struct Way {
    void (*wait)();
    bool cleans;
};
constexpr Way kWays[] = {{wait_for_condition, true}, {wait_for_condition_for_a_time, true},
                         {sleep_and_lock, false},    {wait_for_semaphore, false},
                         {read_from_nobody, false},  {poll_nobody, false},
                         {join_another, true}};
constexpr size_t kWayCount = sizeof(kWays) / sizeof(kWays[0]);

void* wait_somehow(void* way) {
    const Counted counted;
    const Counted another;
    static_cast<const Way*>(way)->wait();
    return nullptr;
}

void cancel_threads() {
    check(sem_init(&none, 0, 0) == 0 && pipe(silent) == 0);
    const timespec moment{0, 1};
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread;
        const Way& way = kWays[static_cast<size_t>(i) % kWayCount];
        check(pthread_create(&thread, nullptr, wait_somehow, const_cast<Way*>(&way)) == 0);
        for (int pause = 0; pause < i % 5; ++pause) nanosleep(&moment, nullptr);
        void* result = nullptr;
        check(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    }
    check(alive.load() == 0);
    check(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
}

void* exit_in_the_depth(void* argument) {
    const Counted counted;
    try {
        const Counted another;
        const std::lock_guard lock(*static_cast<std::mutex*>(argument));
        pthread_exit(argument);
    } catch (...) {
        check(alive.load() == 1);
        throw;
    }
}

void exit_threads() {
    std::mutex guarded;
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread;
        void* result = nullptr;
        check(pthread_create(&thread, nullptr, exit_in_the_depth, &guarded) == 0);
        check(pthread_join(thread, &result) == 0 && result == &guarded);
        check(alive.load() == 0 && guarded.try_lock());
        guarded.unlock();
    }
}

int throw_when_compared(const void*, const void*) {
    static std::mutex comparing;
    const Counted counted;
    const std::lock_guard lock(comparing);
    const timespec moment{0, 1000};
    nanosleep(&moment, nullptr);
    throw 1;
}

void throw_through_callbacks() {
    std::thread threads[4];
    for (std::thread& thread : threads) {
        thread = std::thread([] {
            for (int i = 0; i < 100; ++i) {
                int numbers[] = {3, 2, 1};
                bool caught = false;
                try {
                    qsort(numbers, 3, sizeof(int), throw_when_compared);
                } catch (int) {
                    caught = true;
                }
                check(caught);
                caught = false;
                try {
                    bsearch(numbers, numbers, 3, sizeof(int), throw_when_compared);
                } catch (int) {
                    caught = true;
                }
                check(caught);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    check(alive.load() == 0);
}

void destroy_joinable() {
    std::thread thread([] {
        for (;;) gate::pause_a_moment();
    });
}

struct Case {
    const char* name;
    void (*run)();
};
constexpr Case kCases[] = {{"cancelled", cancel_threads},
                           {"exited", exit_threads},
                           {"thrown", throw_through_callbacks},
                           {"terminated", destroy_joinable}};

}  // namespace

int main(int argc, char** argv) {
    for (const Case& chosen : kCases) {
        if (argc != 2 || strcmp(chosen.name, argv[1]) != 0) continue;
        chosen.run();
        return kStatus;
    }
    return 2;
}
