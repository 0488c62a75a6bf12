// SPDX-License-Identifier: Apache-2.0
//
// Waits of the C++20 library: `standard_waits CASE leaky|fixed`.
#include <atomic>
#include <barrier>
#include <future>
#include <latch>
#include <semaphore>

#include "tests/e2e/futex/leak.h"

namespace {

std::latch g_latch{1};
void wait_for_latch() {
    g_latch.wait();  // SITE(latch) wait_for_latch
}
void release_latch() {
    g_latch.count_down();
}

std::barrier<> g_barrier{2};
void wait_at_barrier() {
    g_barrier.arrive_and_wait();  // SITE(barrier) wait_at_barrier
}
void release_barrier() {
    (void)g_barrier.arrive();
}

std::counting_semaphore<8> g_semaphore{0};
void acquire_semaphore() {
    g_semaphore.acquire();  // SITE(semaphore) acquire_semaphore
}
void release_semaphore() {
    g_semaphore.release();
}

std::atomic<int> g_number{2};
void wait_for_number() {
    g_number.wait(2);  // SITE(atomic) wait_for_number
}
void release_number() {
    g_number = 3;
    g_number.notify_all();
}

/// Too wide for a futex: the library waits on a word of its own.
std::atomic<long> g_wide{2};
void wait_for_wide() {
    g_wide.wait(2);  // SITE(wide-atomic) wait_for_wide
}
void release_wide() {
    g_wide = 3;
    g_wide.notify_one();
}

/// Not destroyed at the end of the process: that would let its waiter go.
std::promise<int>& g_promise = *new std::promise<int>;
void get_future() {
    g_promise.get_future().get();  // SITE(future) get_future
}
void release_future() {
    g_promise.set_value(1);
}

/// One bounded wait: alive, not blocked.
std::promise<int>& g_late_promise = *new std::promise<int>;
void wait_for_future() {
    (void)g_late_promise.get_future().wait_for(std::chrono::hours(1));  // SITE(timed-future) wait_for_future
}
void release_late_future() {
    g_late_promise.set_value(1);
}

constexpr Leak kLeaks[] = {{"latch", wait_for_latch, release_latch},
                           {"barrier", wait_at_barrier, release_barrier},
                           {"semaphore", acquire_semaphore, release_semaphore},
                           {"atomic", wait_for_number, release_number},
                           {"wide-atomic", wait_for_wide, release_wide},
                           {"future", get_future, release_future},
                           {"timed-future", wait_for_future, release_late_future}};

}  // namespace

int main(int argc, char** argv) {
    return leak_or_join(kLeaks, argc, argv);
}
