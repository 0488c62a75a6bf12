// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of Boost.Thread.
#define BOOST_THREAD_VERSION 4
#include <boost/thread/barrier.hpp>
#include <boost/thread/condition_variable.hpp>
#include <boost/thread/future.hpp>
#include <boost/thread/mutex.hpp>
#include <boost/thread/shared_mutex.hpp>
#include <boost/thread/thread.hpp>

#include "tests/e2e/operations/operations.h"

namespace {

/// main has the locks.
boost::mutex g_mutex;
void lock_mutex() {
    g_mutex.lock();  // SITE(mutex) lock_mutex
}

boost::shared_mutex g_shared;
void lock_to_read() {
    g_shared.lock_shared();  // SITE(shared_read) lock_to_read
}

void lock_to_write() {
    g_shared.lock();  // SITE(shared_write) lock_to_write
}

boost::mutex g_ready_mutex;
boost::condition_variable g_ready;
void wait_for_condition() {
    boost::unique_lock<boost::mutex> lock(g_ready_mutex);
    for (;;) g_ready.wait(lock);  // SITE(condition) wait_for_condition
}

void wait_a_while() {
    boost::unique_lock<boost::mutex> lock(g_ready_mutex);
    for (;;) g_ready.wait_for(lock, boost::chrono::hours(1));  // SITE(condition_for) wait_a_while
}

boost::promise<int> g_promise;
boost::shared_future<int> g_future = g_promise.get_future().share();
void get_future() {
    (void)g_future.get();  // SITE(future) get_future
}

boost::barrier g_barrier(2);
void wait_at_barrier() {
    g_barrier.wait();  // SITE(barrier) wait_at_barrier
}

void sit() {
    for (;;) pause();
}

void join_thread() {
    boost::thread joined(sit);
    joined.join();  // SITE(join) join_thread
}

void sleep() {
    boost::this_thread::sleep_for(boost::chrono::hours(1));  // SITE(sleep) sleep
}

constexpr Operation kOperations[] = {
    {"mutex", lock_mutex},
    {"shared_read", lock_to_read},
    {"shared_write", lock_to_write},
    {"condition", wait_for_condition},
    {"condition_for", wait_a_while},
    {"future", get_future},
    {"barrier", wait_at_barrier},
    {"join", join_thread},
    {"sleep", sleep},
};

}  // namespace

int main(int argc, char** argv) {
    g_mutex.lock();
    g_shared.lock();
    return enter_all(kOperations, argc, argv);
}
