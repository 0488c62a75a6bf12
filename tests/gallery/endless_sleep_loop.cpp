// SPDX-License-Identifier: Apache-2.0
//
// Threads loop "work, sleep 900 ms" for ever while main returns. fixed: a stop flag.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

using namespace std::chrono_literals;

constexpr int kThreads = 3;  // VARY(1..6)

std::atomic<bool> g_stop{false};
std::atomic<long> g_work{0};

void keep_working(std::chrono::milliseconds rest) {
    while (!g_stop.load()) {
        g_work.fetch_add(1);
        std::this_thread::sleep_for(rest);  // SITE(block) keep_working
    }
    g_work.store(0);
}
// WRAP(keep_working)

std::vector<std::thread> start_threads(std::chrono::milliseconds rest) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        std::thread next(keep_working, rest);  // SITE(created) start_threads
        threads.push_back(std::move(next));
    }
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        for (std::thread& thread : start_threads(900ms)) thread.detach();
        gate::await_others_sleeping(kThreads);
        return 0;
    }
    if (variant == "fixed") {
        std::vector<std::thread> threads = start_threads(20ms);
        g_stop.store(true);
        for (std::thread& thread : threads) thread.join();
        return 0;
    }
    return no_such_variant();
}
