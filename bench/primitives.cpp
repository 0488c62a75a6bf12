// SPDX-License-Identifier: Apache-2.0
//
// What the other primitives cost, at depth 15: a mutex that two threads want, a rwlock that is read, a
// semaphore, a condition that two threads hand to each other, a thread that is created and joined. Knows
// nothing of the library.
#include <semaphore.h>

#include "chain.h"

namespace {

constexpr int kDepth = 15;

template <typename Body>
struct Loop {
    benchmark::State& state;
    Body body;
    NOINLINE void operator()() {
        for (auto _ : state) body();
    }
};

template <typename Body>
void measure(benchmark::State& state, Body body) {
    Loop<Body> loop{state, body};
    chain::run_at_depth(kDepth, loop);
}

pthread_mutex_t wanted_mutex = PTHREAD_MUTEX_INITIALIZER;
long guarded = 0;

/// Two threads, one mutex, a section of a few instructions.
void contended_mutex(benchmark::State& state) {
    measure(state, [] {
        pthread_mutex_lock(&wanted_mutex);
        benchmark::DoNotOptimize(++guarded);
        pthread_mutex_unlock(&wanted_mutex);
    });
}
BENCHMARK(contended_mutex)->Threads(2)->UseRealTime();

void rwlock_read(benchmark::State& state) {
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    measure(state, [&] {
        pthread_rwlock_rdlock(&lock);
        benchmark::ClobberMemory();
        pthread_rwlock_unlock(&lock);
    });
}
BENCHMARK(rwlock_read)->UseRealTime();

void semaphore_pair(benchmark::State& state) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    measure(state, [&] {
        sem_post(&semaphore);
        sem_wait(&semaphore);
    });
    sem_destroy(&semaphore);
}
BENCHMARK(semaphore_pair)->UseRealTime();

/// Whose turn it is.
struct Turns {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    int turn = 0;

    /// Waits for the turn of `self` and gives it to `next`.
    void pass(int self, int next) {
        pthread_mutex_lock(&mutex);
        while (turn != self) pthread_cond_wait(&changed, &mutex);
        turn = next;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
    }
};

constexpr int kRoundsOfPartner = 64;

/// An iteration is so many times there and back: the partner knows when it ends.
void condition_ping_pong(benchmark::State& state) {
    measure(state, [] {
        Turns turns;
        pthread_t partner;
        const auto routine = [](void* argument) -> void* {
            for (int i = 0; i < kRoundsOfPartner; ++i) static_cast<Turns*>(argument)->pass(1, 0);
            return nullptr;
        };
        if (pthread_create(&partner, nullptr, routine, &turns) != 0) abort();
        for (int i = 0; i < kRoundsOfPartner; ++i) turns.pass(0, 1);
        pthread_join(partner, nullptr);
    });
}
BENCHMARK(condition_ping_pong)->UseRealTime();

void create_and_join(benchmark::State& state) {
    measure(state, [] {
        pthread_t thread;
        if (pthread_create(
                &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0)
            abort();
        pthread_join(thread, nullptr);
    });
}
BENCHMARK(create_and_join)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
