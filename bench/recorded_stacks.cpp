// SPDX-License-Identifier: Apache-2.0
//
// What the recorded stack costs a lock and unlock that nobody waits for: by depth, at the bottom of
// one stack and through freshly written ones, with many stacks that share the return address and the
// stack pointer, and in two threads with a mutex each. Knows nothing of the library.
#include <ucontext.h>

#include <cstdint>

#include "chain.h"

namespace {

struct Repeat {
    benchmark::State& state;
    alignas(64) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    NOINLINE void operator()() {
        for (auto _ : state) {
            pthread_mutex_lock(&mutex);
            benchmark::ClobberMemory();
            pthread_mutex_unlock(&mutex);
        }
    }
};

void at_depth(benchmark::State& state) {
    Repeat repeat{state};
    chain::run_at_depth(static_cast<int>(state.range(0)), repeat);
}
BENCHMARK(at_depth)->Arg(5)->Arg(15)->Arg(30)->UseRealTime();
BENCHMARK(at_depth)->Arg(15)->Threads(2)->UseRealTime();

Repeat* of_fiber = nullptr;

NOINLINE void run_fiber(int depth) {
    chain::go_down(depth - chain::kAround, *of_fiber);
    benchmark::ClobberMemory();
}

/// A stack that is not the thread's own, which no thread remembers: each is walked.
void on_a_fiber(benchmark::State& state) {
    alignas(64) static char stack[128 * 1024];
    Repeat repeat{state};
    of_fiber = &repeat;
    auto start = [&] {
        ucontext_t fiber;
        ucontext_t caller;
        getcontext(&fiber);
        fiber.uc_stack.ss_sp = stack;
        fiber.uc_stack.ss_size = sizeof(stack);
        fiber.uc_link = &caller;
        makecontext(&fiber, reinterpret_cast<void (*)()>(run_fiber), 1, static_cast<int>(state.range(0)));
        swapcontext(&caller, &fiber);
    };
    chain::run_on_thread(start);
}
BENCHMARK(on_a_fiber)->Arg(20)->UseRealTime();

struct Once {
    alignas(64) pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    NOINLINE void operator()() {
        pthread_mutex_lock(&mutex);
        benchmark::ClobberMemory();
        pthread_mutex_unlock(&mutex);
    }
};

void through_fresh_stacks(benchmark::State& state) {
    Once once;
    const int depth = static_cast<int>(state.range(0)) - chain::kAround;
    auto start = [&] {
        for (auto _ : state) chain::go_down(depth, once);
    };
    chain::run_on_thread(start);
}
BENCHMARK(through_fresh_stacks)->Arg(5)->Arg(15)->Arg(30)->UseRealTime();
BENCHMARK(through_fresh_stacks)->Arg(15)->Threads(2)->UseRealTime();

constexpr int kTurns = 15 - chain::kAround;
constexpr int kTurnsToNew = 20 - chain::kAround;

/// Left and right have frames of one size, so all paths end at one stack pointer.
void turn(uint32_t path, int left, Once& once);
NOINLINE void turn_left(uint32_t path, int left, Once& once) {
    turn(path, left, once);
    benchmark::ClobberMemory();
}
NOINLINE void turn_right(uint32_t path, int left, Once& once) {
    turn(path, left, once);
    benchmark::ClobberMemory();
}
__attribute__((always_inline)) inline void turn(uint32_t path, int left, Once& once) {
    if (left == 1) {
        once();
    } else if ((path & 1) != 0) {
        turn_right(path >> 1, left - 1, once);
    } else {
        turn_left(path >> 1, left - 1, once);
    }
    benchmark::ClobberMemory();
}

/// As many stacks as the argument says, 15 deep, one after the other in an order that is hard to foresee.
void through_many_stacks(benchmark::State& state) {
    Once once;
    const auto mask = static_cast<uint32_t>(state.range(0)) - 1;
    auto start = [&] {
        uint32_t random = 1;
        for (auto _ : state) {
            random = random * 1664525 + 1013904223;
            turn_left(random >> 16 & mask, kTurns, once);
        }
    };
    chain::run_on_thread(start);
}
BENCHMARK(through_many_stacks)->Arg(1)->Arg(16)->Arg(64)->Arg(1024)->UseRealTime();

/// Stacks 20 deep of which hardly one was seen before, of places that all were.
void through_new_stacks(benchmark::State& state) {
    Once once;
    auto start = [&] {
        uint32_t random = 1;
        for (auto _ : state) {
            random = random * 1664525 + 1013904223;
            turn_left(random >> 8, kTurnsToNew, once);
        }
    };
    chain::run_on_thread(start);
}
BENCHMARK(through_new_stacks)->Iterations(300)->UseRealTime();
BENCHMARK(through_new_stacks)->Iterations(20'000)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
