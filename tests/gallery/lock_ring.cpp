// SPDX-License-Identifier: Apache-2.0
//
// Threads and locks in a ring: each thread holds one lock and asks for the next one; main waits.
// fixed: the lower number first.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

constexpr int kThreads = 3;  // VARY(2..7)

std::mutex g_forks[kThreads];
std::atomic<int> g_meals{0};

void dine(int left, int right, gate::Crossing* all_hold_one) {
    const std::lock_guard first(g_forks[left]);  // SITE(acquired) dine
    if (all_hold_one != nullptr) all_hold_one->arrive_and_await();
    const std::lock_guard second(g_forks[right]);  // SITE(block) dine
    g_meals.fetch_add(1);
}
// WRAP(dine)

std::vector<std::thread> seat_all(bool ordered) {
    auto* const all_hold_one = ordered ? nullptr : new gate::Crossing(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        const int next = (i + 1) % kThreads;
        const int left = ordered ? std::min(i, next) : i;
        const int right = ordered ? std::max(i, next) : next;
        std::thread philosopher(dine, left, right, all_hold_one);  // SITE(created) seat_all
        threads.push_back(std::move(philosopher));
    }
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant != "leaky" && variant != "fixed") return no_such_variant();
    std::vector<std::thread> threads = seat_all(variant == "fixed");
    if (variant == "leaky") {
        gate::await_others_blocked(kThreads);
        gate::say("stuck\n");
    }
    for (std::thread& thread : threads) thread.join();
    return 0;
}
