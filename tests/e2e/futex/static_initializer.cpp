// SPDX-License-Identifier: Apache-2.0
//
// A static local that main is initializing, and another thread wants: `static_initializer leaky|fixed`.
// Leaky: main leaves the process from within the initializer.
#include <cstdlib>
#include <cstring>
#include <thread>

#include "tests/support/gate.h"

namespace {

bool is_leaky = false;
std::thread waiter;

int initialize();

int value() {
    static const int computed = initialize();  // SITE(block) value
    return computed;
}

int initialize() {
    waiter = std::thread(value);  // SITE(created) initialize
    gate::await_others_blocked(1);
    if (is_leaky) {
        waiter.detach();
        std::exit(0);
    }
    return 3;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    is_leaky = std::strcmp(argv[1], "leaky") == 0;
    const int result = value();
    waiter.join();
    return result == 3 ? 0 : 1;
}
