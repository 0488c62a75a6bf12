// SPDX-License-Identifier: Apache-2.0
//
// How late calls with a timeout of a millisecond end. Knows nothing of the library: scripts/bench runs it
// bare, and under LD_PRELOAD while it is dumped without a pause; the quotient is the price.
#include <benchmark/benchmark.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

namespace {

constexpr long kTimeoutNs = 1'000'000;

timespec deadline(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    time.tv_nsec += kTimeoutNs;
    if (time.tv_nsec >= 1'000'000'000) ++time.tv_sec, time.tv_nsec -= 1'000'000'000;
    return time;
}

void sleep_of_1ms(benchmark::State& state) {
    const timespec time{0, kTimeoutNs};
    for (auto _ : state) clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}
BENCHMARK(sleep_of_1ms)->UseRealTime();

void poll_of_1ms(benchmark::State& state) {
    for (auto _ : state) poll(nullptr, 0, 1);
}
BENCHMARK(poll_of_1ms)->UseRealTime();

void semaphore_of_1ms(benchmark::State& state) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    for (auto _ : state) {
        const timespec end = deadline(CLOCK_MONOTONIC);
        sem_clockwait(&semaphore, CLOCK_MONOTONIC, &end);
    }
}
BENCHMARK(semaphore_of_1ms)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
