// SPDX-License-Identifier: Apache-2.0
//
// main has returned, and exit() does not come back. leaky: libc waits, in the destructor of a static
// condition, for its waiter to leave. joins: a static object's destructor joins a thread that never ends.
// handler: an atexit handler locks what a thread holds for ever. fixed: the waiter is told, and joined.
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::mutex g_mutex;
bool g_is_over = false;
std::thread g_waiter;

struct Pool {
    bool joins = false;
    ~Pool() {
        if (joins) g_waiter.join();
    }
};
Pool g_pool;

std::condition_variable& over() {
    static std::condition_variable condition;
    return condition;
}

void await_the_end() {
    std::unique_lock lock(g_mutex);
    over().wait(lock, [] { return g_is_over; });  // SITE(block) await_the_end
}

void hold_for_ever() {
    const std::lock_guard lock(g_mutex);
    for (;;) gate::pause_a_moment();
}

void flush() {
    const std::lock_guard lock(g_mutex);  // SITE(handler) flush
}

/// The last that exit() does before what it is to hang in: it runs handlers in reverse.
void say_stuck() {
    gate::say("stuck\n");
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    over();
    if (variant == "handler") {
        std::atexit(flush);
        g_waiter = std::thread(hold_for_ever);
        gate::await([] {
            const bool is_free = g_mutex.try_lock();
            if (is_free) g_mutex.unlock();
            return !is_free;
        });
        g_waiter.detach();
        std::atexit(say_stuck);
        return 0;
    }
    if (variant != "leaky" && variant != "joins" && variant != "fixed") return no_such_variant();
    if (variant == "joins") {
        g_pool.joins = true;
        g_waiter = std::thread(hold_for_ever);
        std::atexit(say_stuck);
        return 0;
    }
    g_waiter = std::thread(await_the_end);
    gate::await_others_blocked(1);
    if (variant == "fixed") {
        {
            const std::lock_guard lock(g_mutex);
            g_is_over = true;
        }
        over().notify_all();
        g_waiter.join();
        return 0;
    }
    g_waiter.detach();
    std::atexit(say_stuck);
    return 0;
}
