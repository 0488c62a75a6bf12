// SPDX-License-Identifier: Apache-2.0
//
// A sender and a receiver without a partner give up after a while and end: clean.
// alive: they would wait for an hour, and main returns.
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

using namespace std::chrono_literals;

std::atomic<int> g_given_up{0};

void try_to_send(Channel<int>* results, Context::Clock::duration patience) {
    if (!results->send_for(1, patience)) g_given_up.fetch_add(1);  // SITE(block_send) try_to_send
}
// WRAP(try_to_send)

void try_to_receive(Channel<int>* requests, Context::Clock::duration patience) {
    if (!requests->receive_for(patience)) g_given_up.fetch_add(1);  // SITE(block_receive) try_to_receive
}
// WRAP(try_to_receive)

void start_both(Context::Clock::duration patience) {
    std::thread sender(try_to_send, new Channel<int>, patience);       // SITE(created_sender) start_both
    std::thread receiver(try_to_receive, new Channel<int>, patience);  // SITE(created_receiver) start_both
    sender.detach();
    receiver.detach();
}
// WRAP(start_both)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "alive") {
        start_both(1h);
        gate::await_others_blocked(2);
        return 0;
    }
    if (variant == "fixed") {
        start_both(100ms);
        gate::await_thread_count(1);
        return g_given_up.load() == 2 ? 0 : 1;
    }
    return no_such_variant();
}
