// SPDX-License-Identifier: Apache-2.0
//
// What the programs here share: every operation blocks in a thread of its own, which is named for it.
// `live` says so and stays; `leave` leaves the process with all of them in it. They are entered one after
// the other, so that a later one may wait for what an earlier one has.
#pragma once

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <ctime>

#include "tests/support/gate.h"

struct Operation {
    const char* name;  ///< of the thread, and of the mark where it blocks; 15 bytes at most
    void (*enter)();
    bool spins = false;  ///< it never sleeps; the last one
};

/// All other threads sleep, and slept on between two looks.
inline bool all_others_sleep() {
    gate::detail::Sights first;
    gate::detail::look(first);
    for (size_t i = 0; i < first.count; ++i) {
        if (!first.threads[i].asleep) return false;
    }
    gate::pause_a_moment();
    gate::detail::Sights second;
    gate::detail::look(second);
    return gate::detail::same(first, second);
}

/// It has burnt more than what leads there takes.
inline bool spins(pthread_t thread) {
    clockid_t clock;
    timespec burnt{};
    constexpr long kMuch = 20'000'000;
    return pthread_getcpuclockid(thread, &clock) == 0 && clock_gettime(clock, &burnt) == 0 &&
           (burnt.tv_sec > 0 || burnt.tv_nsec > kMuch);
}

inline std::atomic<bool> entered{false};

inline void* start_operation(void* argument) {
    const auto* const operation = static_cast<const Operation*>(argument);
    pthread_setname_np(pthread_self(), operation->name);
    entered = true;
    operation->enter();
    return nullptr;
}

template <size_t count>
int enter_all(const Operation (&operations)[count], int argc, char** argv) {
    if (argc != 2) return 2;
    for (const Operation& operation : operations) {
        entered = false;
        pthread_t thread;
        if (pthread_create(&thread, nullptr, start_operation, const_cast<Operation*>(&operation)) != 0) return 2;
        pthread_detach(thread);
        gate::await([&] { return entered && (operation.spins ? spins(thread) : all_others_sleep()); });
    }
    if (std::strcmp(argv[1], "leave") == 0) _exit(0);  // what destructors would do is not asked here
    gate::say("blocked");
    for (;;) gate::pause_a_moment();
}
