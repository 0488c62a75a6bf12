// SPDX-License-Identifier: Apache-2.0
//
// A sender and a receiver pass a value and end; main then waits for a value that nobody will send.
// fixed: main waits for the two.
#include <atomic>
#include <cstdio>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::atomic<int> g_passed{0};

void pass_a_value(Channel<int>* values) {
    std::thread sender([values] { values->send(5); });
    std::thread receiver([values] { g_passed.store(values->receive().value_or(0)); });
    sender.join();
    receiver.join();
}

void wait_for_more(Channel<int>* values) {
    const int value = values->receive().value_or(0);  // SITE(block) wait_for_more
    std::printf("%d\n", value);
}
// WRAP(wait_for_more)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    auto* const values = new Channel<int>;
    if (variant == "fixed") {
        pass_a_value(values);
        return g_passed.load() == 5 ? 0 : 1;
    }
    if (variant != "leaky") return no_such_variant();
    pass_a_value(values);
    gate::await_thread_count(1);
    gate::say("stuck\n");
    wait_for_more(values);
    return 0;
}
