// SPDX-License-Identifier: Apache-2.0
//
// Threads loop over work for ever, without a pause, while main returns. fixed: a stop flag.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

constexpr int kThreads = 2;  // VARY(1..3)

std::atomic<bool> g_stop{false};
std::atomic<unsigned> g_work{0};
std::atomic<int> g_started{0};

void keep_busy(unsigned factor) {
    g_started.fetch_add(1);
    unsigned work = 1;
    while (!g_stop.load()) work = work * factor + 1;
    g_work.store(work);
}
// WRAP(keep_busy)

void run_thread(unsigned factor) {
    keep_busy(factor);  // SITE(block) run_thread
    g_work.store(0);
}

std::vector<std::thread> start_threads() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        std::thread next(run_thread, 31);  // SITE(created) start_threads
        threads.push_back(std::move(next));
    }
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky" || variant == "fixed") {
        std::vector<std::thread> threads = start_threads();
        gate::await([] { return g_started.load() == kThreads; });
        if (variant == "leaky") {
            for (std::thread& thread : threads) thread.detach();
            return 0;
        }
        g_stop.store(true);
        for (std::thread& thread : threads) thread.join();
        return 0;
    }
    return no_such_variant();
}
