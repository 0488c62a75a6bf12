// SPDX-License-Identifier: Apache-2.0
//
// A worker ranges over a buffered channel, which is drained but never closed.
// fixed: closed after the last send.
#include <atomic>
#include <optional>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::atomic<int> g_sum{0};

void add_up(Channel<int>* values) {
    while (const std::optional<int> value = values->receive()) g_sum.fetch_add(*value);  // SITE(block) add_up
    g_sum.fetch_add(1);
}
// WRAP(add_up)

void start_adder(Channel<int>* values) {
    std::thread adder(add_up, values);  // SITE(created) start_adder
    adder.detach();
}
// WRAP(start_adder)

void send_both(Channel<int>* values) {
    values->send(20);
    values->send(22);  // SITE(last_sent) send_both
    g_sum.fetch_add(0);
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant != "leaky" && variant != "fixed") return no_such_variant();
    auto* const values = new Channel<int>(2);
    start_adder(values);
    send_both(values);
    if (variant == "leaky") {
        gate::await_others_blocked(1);
        return g_sum.load() == 42 ? 0 : 1;
    }
    values->close();
    gate::await_thread_count(1);
    return g_sum.load() == 43 ? 0 : 1;
}
