// SPDX-License-Identifier: Apache-2.0
//
// fetch() waits for a result or for its deadline; after the deadline the sender stays blocked.
// fixed: the channel has room for the result.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/context.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

using namespace std::chrono_literals;

gate::Flag g_deadline_passed;
std::atomic<int> g_delivered{0};

void deliver_late(Channel<int>* results) {
    g_deadline_passed.await_open();
    results->send(42);  // SITE(block) deliver_late
    g_delivered.fetch_add(1);
}
// WRAP(deliver_late)

void fetch(size_t capacity) {
    auto* const results = new Channel<int>(capacity);
    std::thread sender(deliver_late, results);  // SITE(created) fetch
    sender.detach();
    Context deadline(50ms);
    const std::optional<int> result = results->receive(deadline);
    std::puts(result ? "fetched" : "deadline exceeded");
    g_deadline_passed.open();
}
// WRAP(fetch)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        fetch(0);
        gate::await_others_blocked(1);
        return 0;
    }
    if (variant == "fixed") {
        fetch(1);
        gate::await_thread_count(1);
        return 0;
    }
    return no_such_variant();
}
