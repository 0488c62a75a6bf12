// SPDX-License-Identifier: Apache-2.0
//
// What one lock and unlock of a mutex that nobody else wants costs. Knows nothing of the library:
// scripts/bench runs it bare and under LD_PRELOAD, and the quotient is the price.
#include <benchmark/benchmark.h>
#include <pthread.h>

namespace {

/// One mutex a thread: the cost of the wrapper, not of threads competing.
void uncontended_mutex(benchmark::State& state) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    for (auto _ : state) {
        pthread_mutex_lock(&mutex);
        benchmark::ClobberMemory();
        pthread_mutex_unlock(&mutex);
    }
}
BENCHMARK(uncontended_mutex)->Threads(1)->Threads(2)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
