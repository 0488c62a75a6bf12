// SPDX-License-Identifier: Apache-2.0
//
// Analysis of ten thousand threads with ten thousand waits, in shapes that are hard in different ways, and of
// ten thousand orders of locks. Wanted: each below 100 ms.
#include <benchmark/benchmark.h>

#include <random>

#include "analyze/finding.h"
#include "tests/support/snapshot_builder.h"

namespace {

constexpr uint32_t kThreads = 10'000;

using support::mutex;
using support::SnapshotBuilder;

void measure(benchmark::State& state, const snapshot::Snapshot& snapshot) {
    for (auto _ : state) benchmark::DoNotOptimize(analyze::analyze(snapshot));
}

/// Each waits for the one before.
void one_chain(benchmark::State& state) {
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 1; id <= kThreads; ++id) {
        builder.thread(id).holds(mutex(id));
        if (id > 1) builder.thread(id).waits_for(mutex(id - 1));
    }
    measure(state, builder.build());
}
BENCHMARK(one_chain)->Unit(benchmark::kMillisecond);

/// The same, closed.
void one_ring(benchmark::State& state) {
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 1; id <= kThreads; ++id)
        builder.thread(id).holds(mutex(id)).waits_for(mutex(id == 1 ? kThreads : id - 1));
    measure(state, builder.build());
}
BENCHMARK(one_ring)->Unit(benchmark::kMillisecond);

/// All wait for one.
void one_owner(benchmark::State& state) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).holds(mutex(1, "g_table"));
    for (uint32_t id = 2; id <= kThreads; ++id) builder.thread(id).waits_for(mutex(1, "g_table"));
    measure(state, builder.build());
}
BENCHMARK(one_owner)->Unit(benchmark::kMillisecond);

void random_waits(benchmark::State& state) {
    std::mt19937 dice(1);
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 1; id <= kThreads; ++id)
        builder.thread(id).holds(mutex(id)).waits_for(mutex(1 + dice() % kThreads));
    measure(state, builder.build());
}
BENCHMARK(random_waits)->Unit(benchmark::kMillisecond);

/// At the end of the process: every thread is a finding or behind one.
void random_waits_at_the_end(benchmark::State& state) {
    std::mt19937 dice(1);
    SnapshotBuilder builder;
    builder.ended(snapshot::Reason::kTimeout, snapshot::End::kAlive, std::nullopt);
    for (uint32_t id = 1; id <= kThreads; ++id)
        builder.thread(id).holds(mutex(id)).waits_for(mutex(1 + dice() % kThreads));
    measure(state, builder.build());
}
BENCHMARK(random_waits_at_the_end)->Unit(benchmark::kMillisecond);

/// `locks` of them: few make a dense graph, in which there are more cycles than anybody can look at.
void random_orders(benchmark::State& state) {
    std::mt19937 dice(1);
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 1; id <= kThreads; ++id) builder.thread(id);
    const auto locks = static_cast<uint32_t>(state.range(0));
    for (uint32_t i = 0; i < kThreads; ++i) {
        snapshot::LockOrder order;
        order.held = mutex(1 + dice() % locks);
        order.lock = mutex(1 + dice() % locks);
        order.thread = 1 + i;
        builder.snapshot().lock_orders.push_back(std::move(order));
    }
    measure(state, builder.build());
}
BENCHMARK(random_orders)->Arg(100)->Arg(5'000)->Arg(20'000)->Unit(benchmark::kMillisecond);

/// All in one order: nothing is to be found, and everything is to be looked at.
void sound_orders(benchmark::State& state) {
    std::mt19937 dice(1);
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t i = 0; i < kThreads; ++i) {
        const uint32_t held = 1 + dice() % 1000;
        snapshot::LockOrder order;
        order.held = mutex(held);
        order.lock = mutex(held + 1 + dice() % 1000);
        order.thread = 1 + i % 100;
        builder.snapshot().lock_orders.push_back(std::move(order));
    }
    measure(state, builder.build());
}
BENCHMARK(sound_orders)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
