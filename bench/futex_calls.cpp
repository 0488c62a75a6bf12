// SPDX-License-Identifier: Apache-2.0
//
// What calls through libc's syscall() cost: one that is none of the library's business, and those on
// futexes that it looks at. Knows nothing of the library.
#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
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

/// Gives the turn to the other, and waits until it has been given back.
void hand_over(std::atomic<uint32_t>& turn, uint32_t other) {
    turn.store(other);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
    while (turn.load() == other) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, other, nullptr);
}

/// Two threads that wake each other in turn: what a wake costs that somebody waits for.
void futex_ping_pong(benchmark::State& state) {
    constexpr uint32_t kOurs = 0;
    constexpr uint32_t kTheirs = 1;
    constexpr uint32_t kEnd = 2;
    std::atomic<uint32_t> turn{kOurs};
    std::thread partner([&] {
        while (turn.load() == kOurs) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, kOurs, nullptr);
        while (turn.load() != kEnd) hand_over(turn, kOurs);
    });
    for (auto _ : state) hand_over(turn, kTheirs);
    turn.store(kEnd);
    syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1);
    partner.join();
}
BENCHMARK(futex_ping_pong)->UseRealTime();

}  // namespace

/// With a second thread, as a program has that calls these: stacks are recorded from the first on.
int main(int argc, char** argv) {
    std::thread([] {}).join();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
