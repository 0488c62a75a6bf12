// SPDX-License-Identifier: Apache-2.0
//
// Every thread takes the read lock, and then asks for the write lock while it still reads.
// alone: one thread does. joined: main waits for them. fixed: released before.
#include <atomic>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

constexpr int kThreads = 3;  // VARY(2..6)

std::shared_mutex g_table;  // SITE(lock) g_table
std::atomic<int> g_rows{0};

void look_up_then_insert(gate::Crossing* all_read) {
    g_table.lock_shared();  // SITE(acquired) look_up_then_insert
    all_read->arrive_and_await();
    g_table.lock();  // SITE(block) look_up_then_insert
    g_rows.fetch_add(1);
    g_table.unlock();
}
// WRAP(look_up_then_insert)

void look_up_and_release_then_insert(gate::Crossing* all_read) {
    g_table.lock_shared();
    all_read->arrive_and_await();
    g_table.unlock_shared();
    g_table.lock();
    g_rows.fetch_add(1);
    g_table.unlock();
}

std::vector<std::thread> start_threads(int count) {
    auto* const all_read = new gate::Crossing(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        std::thread next(look_up_then_insert, all_read);  // SITE(created) start_threads
        threads.push_back(std::move(next));
    }
    gate::await_others_blocked(static_cast<size_t>(count));
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky" || variant == "alone") {
        for (std::thread& thread : start_threads(variant == "alone" ? 1 : kThreads)) thread.detach();
        return 0;
    }
    if (variant == "joined") {
        std::vector<std::thread> threads = start_threads(kThreads);
        gate::say("stuck\n");
        for (std::thread& thread : threads) thread.join();
        return 0;
    }
    if (variant == "fixed") {
        gate::Crossing all_read(kThreads);
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) threads.emplace_back(look_up_and_release_then_insert, &all_read);
        for (std::thread& thread : threads) thread.join();
        return 0;
    }
    return no_such_variant();
}
