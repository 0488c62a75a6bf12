// SPDX-License-Identifier: Apache-2.0
//
// What calls through libc's syscall() cost: one that is none of the library's business, and those on
// futexes that it looks at. Knows nothing of the library: see uncontended_mutex.cpp.
#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

namespace {

void syscall_getpid(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(syscall(SYS_getpid));
}
BENCHMARK(syscall_getpid);

void futex_wake_of_nobody(benchmark::State& state) {
    uint32_t word = 0;
    for (auto _ : state) benchmark::DoNotOptimize(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1));
}
BENCHMARK(futex_wake_of_nobody);

void futex_wait_that_returns_at_once(benchmark::State& state) {
    uint32_t word = 0;
    for (auto _ : state) benchmark::DoNotOptimize(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, nullptr));
}
BENCHMARK(futex_wait_that_returns_at_once);

}  // namespace

/// With a second thread, as a program has that calls these: stacks are recorded from the first on.
int main(int argc, char** argv) {
    std::thread([] {}).join();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
