// SPDX-License-Identifier: Apache-2.0
//
// What a lock takes at a place that was never seen: each of many functions locks at a place of its own and is called
// from a place of its own. Prints nanoseconds of a pair, the first time, the second, in which the
// stack is known, and the tenth.
#include <pthread.h>
#include <time.h>

#include <cstddef>
#include <cstdio>
#include <utility>

namespace {

constexpr size_t kPlaces = 500;
constexpr size_t kTimes = 10;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

template <size_t number>
__attribute__((noinline, noclone)) void lock_here() {
    pthread_mutex_lock(&mutex);
    asm volatile("" : : "i"(number));
    pthread_mutex_unlock(&mutex);
}

template <size_t... numbers>
__attribute__((noinline, noclone)) void lock_everywhere(std::index_sequence<numbers...>) {
    (lock_here<numbers>(), ...);
}

/// Processor time: others use the machine as well.
double nanoseconds_used() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

double nanoseconds_of_pair() {
    const double start = nanoseconds_used();
    lock_everywhere(std::make_index_sequence<kPlaces>());
    return (nanoseconds_used() - start) / kPlaces;
}

void* run(void*) {
    double taken[kTimes];
    // From one place: it is part of the stack.
    for (double& time : taken) time = nanoseconds_of_pair();
    std::printf("%.0f %.0f %.0f\n", taken[0], taken[1], taken[kTimes - 1]);
    return nullptr;
}

}  // namespace

int main() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, run, nullptr) != 0) return 1;
    return pthread_join(thread, nullptr);
}
