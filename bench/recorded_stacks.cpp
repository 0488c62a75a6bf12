// SPDX-License-Identifier: Apache-2.0
//
// What the recorded stack costs a lock and unlock that nobody waits for: by depth, at the bottom of
// one stack and through freshly written ones, and with many stacks that share the return address and
// the stack pointer. Knows nothing of the library: see uncontended_mutex.cpp.
#include <benchmark/benchmark.h>
#include <pthread.h>

#include <cstdint>
#include <thread>

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define NOINLINE __attribute__((noinline, noclone))

NOINLINE void lock_and_unlock() {
    pthread_mutex_lock(&mutex);
    benchmark::ClobberMemory();
    pthread_mutex_unlock(&mutex);
}

void repeat(benchmark::State& state) {
    for (auto _ : state) lock_and_unlock();
}

template <typename Bottom>
NOINLINE void go_down(int depth, Bottom bottom) {
    if (depth == 0) {
        bottom();
    } else {
        go_down(depth - 1, bottom);
    }
    benchmark::ClobberMemory();  // no tail call
}

void at_depth(benchmark::State& state) {
    go_down(static_cast<int>(state.range(0)), [&] { repeat(state); });
}
BENCHMARK(at_depth)->Arg(5)->Arg(15)->Arg(30);

void through_fresh_stacks(benchmark::State& state) {
    for (auto _ : state) go_down(static_cast<int>(state.range(0)), lock_and_unlock);
}
BENCHMARK(through_fresh_stacks)->Arg(5)->Arg(15)->Arg(30);

constexpr int kTurns = 10;

/// Left and right have frames of one size, so all paths end at one stack pointer.
void turn(uint32_t path, int left);
NOINLINE void turn_left(uint32_t path, int left) {
    turn(path, left);
    benchmark::ClobberMemory();
}
NOINLINE void turn_right(uint32_t path, int left) {
    turn(path, left);
    benchmark::ClobberMemory();
}
__attribute__((always_inline)) inline void turn(uint32_t path, int left) {
    if (left == 0) {
        lock_and_unlock();
    } else if ((path & 1) != 0) {
        turn_right(path >> 1, left - 1);
    } else {
        turn_left(path >> 1, left - 1);
    }
    benchmark::ClobberMemory();
}

/// As many stacks as the argument says, one after the other in an order that is hard to foresee.
void through_many_stacks(benchmark::State& state) {
    const auto mask = static_cast<uint32_t>(state.range(0)) - 1;
    uint32_t random = 1;
    for (auto _ : state) {
        random = random * 1664525 + 1013904223;
        turn_left(random >> 16 & mask, kTurns);
    }
}
BENCHMARK(through_many_stacks)->Arg(1)->Arg(16)->Arg(64)->Arg(1024);

}  // namespace

/// With a second thread: stacks are recorded from the first on.
int main(int argc, char** argv) {
    std::thread([] {}).join();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
