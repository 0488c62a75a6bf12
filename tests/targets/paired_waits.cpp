// SPDX-License-Identifier: Apache-2.0
//
// Records that change all the time, in which each part tells what the others have to be: on either of two sides a
// thread locks that side's mutex and waits a moment for that side's semaphore, from code of that side alone.
// Says "sides ADDRESS" when all threads are at it, and runs until it is killed.
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>

#include "tests/support/deadline.h"
#include "tests/support/gate.h"
#include "tests/targets/paired_waits.h"

namespace {

using paired::kThreads;

struct alignas(paired::kStride) Place {
    alignas(paired::kSemaphoreAt) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    alignas(paired::kSemaphoreAt) sem_t never{};
};
static_assert(sizeof(Place) == paired::kStride && offsetof(Place, never) == paired::kSemaphoreAt);
Place places[2][kThreads];
gate::Crossing begin(kThreads + 1);

/// Each side has calls of its own.
template <int side>
[[gnu::noinline]] void wait_at(size_t thread) {
    Place& place = places[side][thread];
    const timespec deadline = time_from_now(CLOCK_REALTIME, 20'000);
    if (pthread_mutex_lock(&place.mutex) != 0) std::abort();
    if (sem_timedwait(&place.never, &deadline) == 0) std::abort();
    if (pthread_mutex_unlock(&place.mutex) != 0) std::abort();
}

void* alternate(void* number) {
    const auto thread = reinterpret_cast<uintptr_t>(number);
    begin.arrive_and_await();
    for (;;) {
        wait_at<0>(thread);
        wait_at<1>(thread);
    }
}

}  // namespace

int main() {
    pthread_t thread{};
    for (auto& side : places)
        for (Place& place : side) sem_init(&place.never, 0, 0);
    for (uintptr_t i = 0; i < kThreads; ++i) pthread_create(&thread, nullptr, alternate, reinterpret_cast<void*>(i));
    begin.arrive_and_await();
    char line[40];
    std::snprintf(line, sizeof(line), "sides %lu\n", reinterpret_cast<uintptr_t>(&places));
    gate::say(line);
    pthread_join(thread, nullptr);
}
