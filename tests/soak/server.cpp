// SPDX-License-Identifier: Apache-2.0
//
//     soak_server SECONDS THREADS LOCKS
//
// A server that creates and ends so many threads, which take so many locks, spread over the time. Then it leaves
// two threads in a deadlock, one that waits for a condition and one that nobody joins, says how many threads and
// locks there were, and exits with 0.
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/support/gate.h"

namespace {

constexpr uint64_t kShards = 16;
constexpr uint64_t kWorkers = 4;
constexpr uint64_t kAtATime = 24;  ///< requests under way, of each kind

struct Shard {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    uint64_t count = 0;
};
Shard shards[kShards];
pthread_rwlock_t prices = PTHREAD_RWLOCK_INITIALIZER;
pthread_mutex_t recursive;

pthread_mutex_t queue = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t queued = PTHREAD_COND_INITIALIZER;
uint64_t jobs = 0;
bool is_closed = false;
sem_t jobs_done;
sem_t never;

pthread_mutex_t ends = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
uint64_t detached_alive = 0;

uint64_t locks_of_each = 0;
uint64_t threads_made = 0;
std::atomic<uint64_t> locks_taken{0};

void check(bool holds) {
    if (!holds) std::abort();
}

uint64_t use(Shard& shard) {
    check(pthread_mutex_lock(&shard.mutex) == 0);
    ++shard.count;
    check(pthread_mutex_unlock(&shard.mutex) == 0);
    return 1;
}

/// Always in the order of the shards.
uint64_t move(uint64_t which) {
    Shard& from = shards[which % (kShards - 1)];
    check(pthread_mutex_lock(&from.mutex) == 0);
    const uint64_t taken = use(shards[which % (kShards - 1) + 1]);
    check(pthread_mutex_unlock(&from.mutex) == 0);
    return taken + 1;
}

uint64_t look_at_prices(bool changes_them) {
    check((changes_them ? pthread_rwlock_wrlock(&prices) : pthread_rwlock_rdlock(&prices)) == 0);
    check(pthread_rwlock_unlock(&prices) == 0);
    return 1;
}

uint64_t use_twice() {
    check(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
    check(pthread_mutex_unlock(&recursive) == 0 && pthread_mutex_unlock(&recursive) == 0);
    return 2;
}

uint64_t hand_over_job() {
    check(pthread_mutex_lock(&queue) == 0);
    ++jobs;
    check(pthread_cond_signal(&queued) == 0);
    check(pthread_mutex_unlock(&queue) == 0);
    check(sem_wait(&jobs_done) == 0);
    return 1;
}

/// Each takes as many locks, but for the last ones of a round.
void take_locks(uint64_t seed) {
    uint64_t taken = hand_over_job();
    for (uint64_t step = seed; taken < locks_of_each; ++step) {
        taken += use(shards[step % kShards]);
        if (step % 8 == 0) taken += move(step / 8);
        if (step % 16 == 0) taken += look_at_prices(step % 256 == 0);
        if (step % 64 == 0) taken += use_twice();
    }
    locks_taken.fetch_add(taken, std::memory_order_relaxed);
}

void* serve_joined(void* seed) {
    take_locks(reinterpret_cast<uintptr_t>(seed));
    if (reinterpret_cast<uintptr_t>(seed) % 5 == 0) pthread_exit(seed);
    return seed;
}

void* serve_detached(void* seed) {
    take_locks(reinterpret_cast<uintptr_t>(seed));
    check(pthread_mutex_lock(&ends) == 0);
    --detached_alive;
    check(pthread_cond_signal(&ended) == 0);
    check(pthread_mutex_unlock(&ends) == 0);
    return nullptr;
}

void* serve_until_cancelled(void*) {
    check(pthread_mutex_lock(&ends) == 0 && pthread_mutex_unlock(&ends) == 0);
    for (;;) sem_wait(&never);
}

void* work(void*) {
    check(pthread_mutex_lock(&queue) == 0);
    for (;;) {
        while (jobs == 0 && !is_closed) check(pthread_cond_wait(&queued, &queue) == 0);
        if (jobs == 0) break;
        --jobs;
        check(pthread_mutex_unlock(&queue) == 0);
        check(sem_post(&jobs_done) == 0);
        check(pthread_mutex_lock(&queue) == 0);
    }
    check(pthread_mutex_unlock(&queue) == 0);
    return nullptr;
}

pthread_t start(void* (*routine)(void*), uint64_t argument = 0) {
    pthread_t thread;
    check(pthread_create(&thread, nullptr, routine, reinterpret_cast<void*>(argument)) == 0);
    ++threads_made;
    return thread;
}

void make_detached(uint64_t seed) {
    check(pthread_mutex_lock(&ends) == 0);
    while (detached_alive == kAtATime) check(pthread_cond_wait(&ended, &ends) == 0);
    ++detached_alive;
    check(pthread_mutex_unlock(&ends) == 0);
    check(pthread_detach(start(serve_detached, seed)) == 0);
}

void make_joined(uint64_t seed) {
    static pthread_t threads[kAtATime];
    static bool is_used[kAtATime];
    for (uint64_t i = 0; i < kAtATime; ++i) {
        if (seed != 0 && i != seed % kAtATime) continue;
        if (is_used[i]) check(pthread_join(threads[i], nullptr) == 0);
        is_used[i] = seed != 0;
        if (seed != 0) threads[i] = start(serve_joined, seed);
    }
}

void make_cancelled() {
    const pthread_t thread = start(serve_until_cancelled);
    void* result = nullptr;
    check(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

double now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

gate::Crossing all_there{2 * kAtATime};

void* meet_all(void*) {
    for (uint64_t i = 0; i < kShards; ++i) move(i);
    all_there.arrive_and_await();
    return nullptr;
}

/// As many threads at once as there will ever be, each with all orders of locks: from then on nothing more is needed.
void fill() {
    pthread_t threads[2 * kAtATime];
    for (pthread_t& thread : threads) thread = start(meet_all);
    for (const pthread_t thread : threads) check(pthread_join(thread, nullptr) == 0);
}

/// Half of the threads are detached, the others joined, and a few cancelled, which take few locks: some more make up
/// for them.
void serve(double seconds, uint64_t threads, uint64_t locks) {
    const double begin = now();
    for (uint64_t i = 1; threads_made < threads || locks_taken.load(std::memory_order_relaxed) < locks; ++i) {
        while (static_cast<double>(threads_made) / static_cast<double>(threads) > (now() - begin) / seconds)
            gate::pause_a_moment();
        if (i % 100 == 0) {
            make_cancelled();
        } else if (i % 2 == 0) {
            make_detached(i);
        } else {
            make_joined(i);
        }
    }
    make_joined(0);
    check(pthread_mutex_lock(&ends) == 0);
    while (detached_alive != 0) check(pthread_cond_wait(&ended, &ends) == 0);
    check(pthread_mutex_unlock(&ends) == 0);
}

gate::Crossing both_hold{2};

void* lock_both(void* first) {
    const auto which = reinterpret_cast<uintptr_t>(first);
    check(pthread_mutex_lock(&shards[which].mutex) == 0);
    both_hold.arrive_and_await();
    check(pthread_mutex_lock(&shards[1 - which].mutex) == 0);
    std::abort();
}

void* wait_for_condition(void*) {
    check(pthread_mutex_lock(&queue) == 0);
    for (;;) check(pthread_cond_wait(&queued, &queue) == 0);
}

void* end_at_once(void*) {
    return nullptr;
}

void leave_some() {
    start(end_at_once);
    gate::await_thread_count(1);
    start(lock_both, 0);
    start(lock_both, 1);
    start(wait_for_condition);
    gate::await_others_blocked(3);
}

}  // namespace

int main(int count, char** words) {
    if (count != 4) return 2;
    const double seconds = std::atof(words[1]);
    const auto threads = static_cast<uint64_t>(std::atoll(words[2]));
    const auto locks = static_cast<uint64_t>(std::atoll(words[3]));
    locks_of_each = locks / threads + 1;
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    check(pthread_mutex_init(&recursive, &attributes) == 0);
    check(sem_init(&jobs_done, 0, 0) == 0 && sem_init(&never, 0, 0) == 0);

    pthread_t workers[kWorkers];
    for (pthread_t& worker : workers) worker = start(work);
    fill();
    serve(seconds, threads, locks);
    check(pthread_mutex_lock(&queue) == 0);
    is_closed = true;
    check(pthread_cond_broadcast(&queued) == 0 && pthread_mutex_unlock(&queue) == 0);
    for (const pthread_t worker : workers) check(pthread_join(worker, nullptr) == 0);
    gate::await_thread_count(1);
    leave_some();
    std::printf("%lu %lu\n", static_cast<unsigned long>(threads_made), static_cast<unsigned long>(locks_taken.load()));
    std::exit(0);
}
