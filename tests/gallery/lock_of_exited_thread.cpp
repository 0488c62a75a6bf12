// SPDX-License-Identifier: Apache-2.0
//
// Every thread locks one mutex and none unlocks it; the first one to get it exits.
// joined: main waits for all of them. fixed: a lock guard.
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

constexpr int kThreads = 3;  // VARY(2..6)

std::mutex g_ledger;  // SITE(lock) g_ledger
std::atomic<int> g_entered{0};

void enter() {
    g_ledger.lock();  // SITE(block) enter
    g_entered.fetch_add(1);
}
// WRAP(enter)

void enter_and_leave() {
    const std::lock_guard lock(g_ledger);
    g_entered.fetch_add(1);
}

std::vector<std::thread> start_threads() {
    std::vector<std::thread> threads;
    threads.emplace_back(enter);
    gate::await_thread_count(1);
    for (int i = 1; i < kThreads; ++i) {
        std::thread next(enter);  // SITE(created) start_threads
        threads.push_back(std::move(next));
    }
    gate::await_others_blocked(kThreads - 1);
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        for (std::thread& thread : start_threads()) thread.detach();
        return 0;
    }
    if (variant == "joined") {
        std::vector<std::thread> threads = start_threads();
        threads.front().join();
        gate::say("stuck\n");
        for (size_t i = 1; i < threads.size(); ++i) threads[i].join();
        return 0;
    }
    if (variant == "fixed") {
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) threads.emplace_back(enter_and_leave);
        for (std::thread& thread : threads) thread.join();
        return 0;
    }
    return no_such_variant();
}
