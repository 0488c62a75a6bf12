// SPDX-License-Identifier: Apache-2.0
//
// What the programs here share: one thread blocks for ever, and main returns ("leaky"); or it is let
// go and joined ("fixed").
#pragma once

#include <cstring>
#include <thread>

#include "tests/support/gate.h"

struct Leak {
    const char* name;
    void (*block)();
    void (*release)();
};

/// Runs the case that the first argument names.
template <size_t count>
int leak_or_join(const Leak (&leaks)[count], int argc, char** argv) {
    if (argc != 3) return 2;
    for (const Leak& leak : leaks) {
        if (std::strcmp(leak.name, argv[1]) != 0) continue;
        std::thread waiter(leak.block);  // SITE(created) leak_or_join
        gate::await_others_blocked(1);
        if (std::strcmp(argv[2], "leaky") == 0) {
            waiter.detach();
            return 0;
        }
        leak.release();
        waiter.join();
        return 0;
    }
    return 2;
}
