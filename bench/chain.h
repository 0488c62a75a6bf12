// SPDX-License-Identifier: Apache-2.0
//
// Measured calls at a known depth. A depth counts the program's frames from the thread's start routine to
// the function that makes the calls, both included; the two of libc below them come on top. So each
// measurement runs on a thread of its own: main and Google Benchmark would add a dozen frames that nobody
// asked for.
#pragma once

#include <benchmark/benchmark.h>
#include <pthread.h>
#include <stdlib.h>

namespace chain {

#define NOINLINE __attribute__((noinline, noclone))

constexpr int kAround = 2;  ///< the start routine and the bottom

template <typename Bottom>
NOINLINE void go_down(int depth, Bottom& bottom) {
    if (depth == 1) {
        bottom();
    } else {
        go_down(depth - 1, bottom);
    }
    benchmark::ClobberMemory();  // no tail call
}

template <typename Start>
void run_on_thread(Start& start) {
    pthread_t thread;
    const auto routine = [](void* argument) -> void* {
        (*static_cast<Start*>(argument))();
        return nullptr;
    };
    if (pthread_create(&thread, nullptr, routine, &start) != 0) abort();
    pthread_join(thread, nullptr);
}

/// `bottom` is a function object of which the call is the frame at `depth`.
template <typename Bottom>
void run_at_depth(int depth, Bottom& bottom) {
    auto start = [&]() __attribute__((always_inline)) {
        go_down(depth - kAround, bottom);
    };
    run_on_thread(start);
}

}  // namespace chain
