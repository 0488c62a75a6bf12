// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of the C++ library.
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>

#include "tests/e2e/operations/operations.h"

namespace {

using namespace std::chrono_literals;

/// What nobody lets go of: main has the locks.
std::mutex g_mutex;
std::recursive_mutex g_recursive_mutex;
std::timed_mutex g_timed_mutex;
std::shared_mutex g_shared_mutex;
std::shared_timed_mutex g_shared_timed_mutex;
std::latch g_never{1};

void sit() {
    g_never.wait();  // SITE(sit) sit
}

void lock_mutex() {
    g_mutex.lock();  // SITE(mutex) lock_mutex
}

void lock_recursive() {
    g_recursive_mutex.lock();  // SITE(recursive) lock_recursive
}

void lock_timed() {
    g_timed_mutex.lock();  // SITE(timed_mutex) lock_timed
}

void try_lock_for() {
    (void)g_timed_mutex.try_lock_for(1h);  // SITE(try_lock_for) try_lock_for
}

void try_lock_until() {
    (void)g_timed_mutex.try_lock_until(std::chrono::system_clock::now() + 1h);  // SITE(try_lock_until) try_lock_until
}

void lock_scoped() {
    std::mutex other;
    std::scoped_lock lock(g_mutex, other);  // SITE(scoped_lock) lock_scoped
}

std::mutex g_ready_mutex;
std::condition_variable g_ready;
void wait_for_condition() {
    std::unique_lock lock(g_ready_mutex);
    g_ready.wait(lock, [] { return false; });  // SITE(condition) wait_for_condition
}

void wait_a_while() {
    std::unique_lock lock(g_ready_mutex);
    g_ready.wait_for(lock, 1h, [] { return false; });  // SITE(condition_for) wait_a_while
}

void wait_until() {
    std::unique_lock lock(g_ready_mutex);
    const auto end = std::chrono::system_clock::now() + 1h;
    g_ready.wait_until(lock, end, [] { return false; });  // SITE(condition_until) wait_until
}

std::condition_variable_any g_any;
void wait_for_any() {
    std::unique_lock lock(g_ready_mutex);
    g_any.wait(lock, [] { return false; });  // SITE(any) wait_for_any
}

std::stop_source g_stop;
void wait_stoppable() {
    std::unique_lock lock(g_ready_mutex);
    g_any.wait(lock, g_stop.get_token(), [] { return false; });  // SITE(any_stop) wait_stoppable
}

void lock_shared_mutex() {
    g_shared_mutex.lock();  // SITE(shared_mutex) lock_shared_mutex
}

void lock_shared() {
    g_shared_mutex.lock_shared();  // SITE(lock_shared) lock_shared
}

void lock_shared_for() {
    (void)g_shared_timed_mutex.try_lock_shared_for(1h);  // SITE(lock_shared_for) lock_shared_for
}

void join_thread() {
    std::thread joined(sit);
    joined.join();  // SITE(thread_join) join_thread
}

void leave_jthread() {
    std::jthread joined(sit);
}  // SITE(jthread) leave_jthread

void leave_future() {
    std::future<void> future = std::async(std::launch::async, sit);
}  // SITE(future_end) leave_future

std::shared_future<void> g_async;
void get_async() {
    g_async = std::async(std::launch::async, sit).share();
    std::shared_future<void>(g_async).get();  // SITE(async_get) get_async
}

void get_async_too() {
    std::shared_future<void>(g_async).get();  // SITE(async_get_too) get_async_too
}

std::promise<int> g_promise;
std::shared_future<int> g_promised = g_promise.get_future().share();
void get_promised() {
    (void)g_promised.get();  // SITE(promise) get_promised
}

void wait_promised() {
    (void)g_promised.wait_for(1h);  // SITE(promise_for) wait_promised
}

std::packaged_task<int()> g_task([] { return 1; });
void get_packaged() {
    g_task.get_future().get();  // SITE(packaged_task) get_packaged
}

std::latch g_latch{2};
void wait_for_latch() {
    g_latch.wait();  // SITE(latch) wait_for_latch
}

std::latch g_arrived{2};
void arrive_at_latch() {
    g_arrived.arrive_and_wait();  // SITE(latch_arrive) arrive_at_latch
}

std::barrier<> g_barrier{2};
void wait_at_barrier() {
    g_barrier.arrive_and_wait();  // SITE(barrier) wait_at_barrier
}

std::counting_semaphore<8> g_semaphore{0};
void acquire() {
    g_semaphore.acquire();  // SITE(semaphore) acquire
}

std::binary_semaphore g_binary{0};
void acquire_binary() {
    g_binary.acquire();  // SITE(binary) acquire_binary
}

void try_acquire_for() {
    (void)g_semaphore.try_acquire_for(1h);  // SITE(acquire_for) try_acquire_for
}

std::atomic<int> g_number{2};
void wait_for_number() {
    g_number.wait(2);  // SITE(atomic) wait_for_number
}

std::atomic_flag g_flag;
void wait_for_flag() {
    g_flag.wait(false);  // SITE(atomic_flag) wait_for_flag
}

/// Too wide for a futex: the library waits on a word of its own.
std::atomic<long> g_wide{2};
void wait_for_wide() {
    g_wide.wait(2);  // SITE(atomic_wide) wait_for_wide
}

std::once_flag g_once;
void call_once() {
    std::call_once(g_once, sit);  // SITE(call_once) call_once
}

void call_once_too() {
    std::call_once(g_once, [] {});  // SITE(call_once_too) call_once_too
}

int initialize() {
    sit();
    return 1;
}

int value() {
    static const int kValue = initialize();  // SITE(static_too) value
    return kValue;
}

void want_value() {
    (void)value();
}

void sleep_for() {
    std::this_thread::sleep_for(1h);  // SITE(sleep_for) sleep_for
}

void sleep_until() {
    std::this_thread::sleep_until(std::chrono::steady_clock::now() + 1h);  // SITE(sleep_until) sleep_until
}

constexpr Operation kOperations[] = {
    {"mutex", lock_mutex},
    {"recursive", lock_recursive},
    {"timed_mutex", lock_timed},
    {"try_lock_for", try_lock_for},
    {"try_lock_until", try_lock_until},
    {"scoped_lock", lock_scoped},
    {"condition", wait_for_condition},
    {"condition_for", wait_a_while},
    {"condition_until", wait_until},
    {"any", wait_for_any},
    {"any_stop", wait_stoppable},
    {"shared_mutex", lock_shared_mutex},
    {"lock_shared", lock_shared},
    {"lock_shared_for", lock_shared_for},
    {"thread_join", join_thread},
    {"jthread", leave_jthread},
    {"future_end", leave_future},
    {"async_get", get_async},
    {"async_get_too", get_async_too},
    {"promise", get_promised},
    {"promise_for", wait_promised},
    {"packaged_task", get_packaged},
    {"latch", wait_for_latch},
    {"latch_arrive", arrive_at_latch},
    {"barrier", wait_at_barrier},
    {"semaphore", acquire},
    {"binary", acquire_binary},
    {"acquire_for", try_acquire_for},
    {"atomic", wait_for_number},
    {"atomic_flag", wait_for_flag},
    {"atomic_wide", wait_for_wide},
    {"call_once", call_once},
    {"call_once_too", call_once_too},
    {"static", want_value},
    {"static_too", want_value},
    {"sleep_for", sleep_for},
    {"sleep_until", sleep_until},
};

}  // namespace

int main(int argc, char** argv) {
    g_mutex.lock();
    g_recursive_mutex.lock();
    g_timed_mutex.lock();
    g_shared_mutex.lock();
    g_shared_timed_mutex.lock();
    return enter_all(kOperations, argc, argv);
}
