// SPDX-License-Identifier: Apache-2.0
//
// Static locals of a library that is opened for its opener alone: `race` has many threads want each of
// many, the initializers of which leave by an exception at first; `crossed` has two need each other, `needs_itself` one
// itself.
#include <pthread.h>
#include <stdlib.h>

#include <atomic>
#include <utility>

#include "tests/support/gate.h"

namespace {

constexpr int kLocals = 64;
constexpr int kThreads = 8;
constexpr int kFailures = 3;

std::atomic<int> runs[kLocals];

pthread_t start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) abort();
    return thread;
}

template <int number>
int initialize() {
    const int run = ++runs[number];
    gate::pause_a_moment();
    if (run <= kFailures) throw run;
    return run;
}

template <int number>
void want() {
    for (;;) {
        try {
            static const int kValue = initialize<number>();
            if (kValue != kFailures + 1) abort();
            return;
        } catch (int) {
        }
    }
}

template <int... numbers>
void want_all(std::integer_sequence<int, numbers...>) {
    (want<numbers>(), ...);
}
void* want_each(void*) {
    want_all(std::make_integer_sequence<int, kLocals>());
    return nullptr;
}

int need_itself() {
    static const int kOwn = need_itself();
    return kOwn;
}

gate::Crossing both(2);

int right();
int initialize_left() {
    return both.arrive_and_await(), right();
}
int left() {
    static const int kLeft = initialize_left();
    return kLeft;
}
int initialize_right() {
    return both.arrive_and_await(), left();
}
int right() {
    static const int kRight = initialize_right();
    return kRight;
}

}  // namespace

extern "C" void race() {
    pthread_t threads[kThreads];
    for (pthread_t& thread : threads) thread = start(want_each);
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
    for (const std::atomic<int>& count : runs) {
        if (count != kFailures + 1) abort();
    }
    gate::say("once each\n");
}

extern "C" void needs_itself() {
    need_itself();
}

extern "C" void crossed() {
    start([](void*) -> void* { return right(), nullptr; });
    left();
}
