// SPDX-License-Identifier: Apache-2.0
//
// A consumer locks, sees that there is nothing yet, and is about to wait; the producer sets its flag and
// notifies without the mutex; the consumer waits for ever. late: long after it had locked. pool: the trap:
// workers wait on a queue that was drained, whose last notify came, outside of the lock, before they locked.
// taken: the same, of a single worker: the job that the notify was for is gone before it had locked.
// unordered: the same, where the lock was given up last of three, but not the first. idle: that pool, in a process
// whose main thread waits for input. nested: the trap's kin: a consumer waits with another lock held that the producer
// needs. fixed: the flag is set under the mutex.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"
#include "tests/support/stuck.h"

constexpr int kThreads = 4;

std::mutex g_mutex;               // SITE(mutex) g_mutex
std::condition_variable g_ready;  // SITE(condition) g_ready
std::atomic<bool> g_is_ready{false};
gate::Flag g_has_looked;
gate::Flag g_was_notified;

void consume(bool waits_long) {
    std::unique_lock lock(g_mutex);
    while (!g_is_ready.load()) {
        g_has_looked.open();
        g_was_notified.await_open();
        if (waits_long) gate::pause_a_moment();
        g_ready.wait(lock);  // SITE(block) consume
    }
}
// WRAP(consume)

void produce(bool waits_long) {
    g_has_looked.await_open();
    for (int i = 0; waits_long && i < 60; ++i) gate::pause_a_moment();
    g_is_ready.store(true);
    g_ready.notify_one();  // SITE(notify) produce
    g_was_notified.open();
}
// WRAP(produce)

void consume_well() {
    std::unique_lock lock(g_mutex);
    g_ready.wait(lock, [] { return g_is_ready.load(); });
}

void produce_well() {
    {
        const std::lock_guard lock(g_mutex);
        g_is_ready.store(true);
    }
    g_ready.notify_one();
}

int g_jobs = 0;
std::atomic<int> g_done{0};

void work() {
    for (;;) {
        std::unique_lock lock(g_mutex);
        while (g_jobs == 0) g_ready.wait(lock);
        --g_jobs;
        lock.unlock();
        ++g_done;
    }
}

void run_pool(bool is_idle) {
    std::vector<std::thread> workers;
    for (int i = 0; i < kThreads; ++i) workers.emplace_back(work);
    constexpr int kJobs = 200;
    for (int i = 0; i < kJobs; ++i) {
        {
            const std::lock_guard lock(g_mutex);
            ++g_jobs;
        }
        g_ready.notify_one();
    }
    gate::await([] { return g_done.load() == kJobs; });
    gate::await_others_blocked(kThreads);
    int ends[2];
    char byte = 0;
    if (is_idle && pipe(ends) != 0) return;
    gate::say("stuck\n");
    if (is_idle && read(ends[0], &byte, 1) != 1) return;  // for ever: it has the other end, too
    for (std::thread& worker : workers) worker.join();
}

void work_late() {
    std::unique_lock lock(g_mutex);
    g_has_looked.open();
    g_was_notified.await_open();
    while (g_jobs == 0) g_ready.wait(lock);
}

void add_job() {
    const std::lock_guard lock(g_mutex);
    ++g_jobs;
}

void add_job_among_locks() {
    static std::mutex second;
    static std::mutex third;
    g_mutex.lock();
    second.lock();
    third.lock();
    ++g_jobs;
    second.unlock();
    third.unlock();
    g_mutex.unlock();
}

void run_taken(void (*add)()) {
    add();
    std::thread([] {
        const std::lock_guard lock(g_mutex);
        --g_jobs;
    }).join();
    std::thread worker(work_late);
    g_has_looked.await_open();
    g_ready.notify_one();
    g_was_notified.open();
    gate::await_others_blocked(1);
    gate::say("stuck\n");
    worker.join();
}

std::mutex g_outer;  // SITE(outer) g_outer

void consume_nested() {
    const std::lock_guard outer(g_outer);
    std::unique_lock lock(g_mutex);
    for (;;) g_ready.wait(lock);  // SITE(nested_block) consume_nested
}

void produce_nested() {
    g_ready.notify_all();
    g_has_looked.await_open();
    const std::lock_guard outer(g_outer);  // SITE(nested_producer) produce_nested
    g_ready.notify_all();
}

void run_nested() {
    std::thread producer(produce_nested);
    std::thread consumer(consume_nested);
    gate::await_others_stuck_in(2, {gate::kCallFutex, /*nanosleep*/ 35});
    g_has_looked.open();
    gate::await_others_blocked(2);
    gate::say("stuck\n");
    consumer.join();
    producer.join();
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "pool" || variant == "idle") {
        run_pool(variant == "idle");
        return 0;
    }
    if (variant == "taken" || variant == "unordered") {
        run_taken(variant == "taken" ? add_job : add_job_among_locks);
        return 0;
    }
    if (variant == "nested") {
        run_nested();
        return 0;
    }
    if (variant == "fixed") {
        std::thread consumer(consume_well);
        std::thread producer(produce_well);
        consumer.join();
        producer.join();
        return 0;
    }
    if (variant != "leaky" && variant != "late") return no_such_variant();
    std::thread consumer(consume, variant == "late");  // SITE(created) main
    std::thread producer(produce, variant == "late");
    producer.join();
    gate::await_others_blocked(1);
    gate::say("stuck\n");
    consumer.join();  // SITE(main_block) main
    return 0;
}
