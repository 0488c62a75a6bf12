// SPDX-License-Identifier: Apache-2.0
//
// A latch of five parties, two of which never arrive: two threads wait at it, and one party has only counted
// it down since the first of them began to wait. fixed: all arrive. barrier: one that three are to come to, and two do.
#include <pthread.h>

#include <atomic>
#include <latch>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

constexpr int kParties = 5;

std::latch g_all_are_there{kParties};  // SITE(latch) g_all_are_there

std::atomic<int> g_went_on = 0;

void take_part() {
    g_all_are_there.arrive_and_wait();  // SITE(block) take_part
    g_went_on.fetch_add(1);
}
// WRAP(take_part)

pthread_barrier_t g_barrier;  // SITE(barrier) g_barrier

void come_to_barrier() {
    pthread_barrier_wait(&g_barrier);  // SITE(barrier_block) come_to_barrier
    g_went_on.fetch_add(1);
}
// WRAP(come_to_barrier)

int run_barrier(bool all_come) {
    pthread_barrier_init(&g_barrier, nullptr, 3);
    std::thread first(come_to_barrier);
    std::thread second(come_to_barrier);
    gate::await_others_blocked(2);
    if (!all_come) {
        first.detach();
        second.detach();
        return 0;
    }
    come_to_barrier();
    first.join();
    second.join();
    return g_went_on.load() == 3 ? 0 : 1;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "barrier" || variant == "barrier_fixed") return run_barrier(variant == "barrier_fixed");
    if (variant != "leaky" && variant != "fixed") return no_such_variant();
    std::thread first(take_part);  // SITE(created) main
    gate::await_others_blocked(1);
    g_all_are_there.count_down();
    std::thread second(take_part);
    gate::await_others_blocked(2);
    if (variant == "leaky") {
        first.detach();
        second.detach();
        return 0;
    }
    g_all_are_there.count_down(kParties - 3);
    first.join();
    second.join();
    return g_went_on.load() == 2 ? 0 : 1;
}
