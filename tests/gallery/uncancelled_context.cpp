// SPDX-License-Identifier: Apache-2.0
//
// A worker looks at its context once a second; nobody ever cancels it.
// fixed: the context has a deadline.
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/gallery/context.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

using namespace std::chrono_literals;

std::atomic<int> g_rounds{0};

void poll_until_done(Context* context, std::chrono::milliseconds interval) {
    while (!context->done()) {
        g_rounds.fetch_add(1);
        std::this_thread::sleep_for(interval);  // SITE(block) poll_until_done
    }
    g_rounds.store(0);
}
// WRAP(poll_until_done)

void start_poller(Context* context, std::chrono::milliseconds interval) {
    std::thread poller(poll_until_done, context, interval);  // SITE(created) start_poller
    poller.detach();
}
// WRAP(start_poller)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        start_poller(new Context, 1s);
        gate::await_others_sleeping(1);
        return 0;
    }
    if (variant == "fixed") {
        start_poller(new Context(60ms), 20ms);
        gate::await_thread_count(1);
        return 0;
    }
    return no_such_variant();
}
