// SPDX-License-Identifier: Apache-2.0
//
// Each request starts a sender and ends; nobody receives. After each the program asks how many threads it has.
// fixed: the channel has room for every result. timed: senders give up after 100 µs.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "loiter/loiter.h"
#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

using namespace std::chrono_literals;

constexpr int kThreads = 3;  // VARY(1..6)

std::atomic<int> g_delivered{0};

void send_result(Channel<int>* results) {
    results->send(7);  // SITE(block) send_result
    g_delivered.fetch_add(1);
}
// WRAP(send_result)

void query(Channel<int>* results) {
    std::thread sender(send_result, results);  // SITE(created) query
    sender.detach();
}
// WRAP(query)

void query_with_timeout(Channel<int>* results) {
    std::thread sender([results] { results->send_for(7, 100us); });
    sender.detach();
}

void count_threads() {
    loiter_counts counts;
    loiter_count_threads(&counts);
    std::printf("live threads: %u\n", counts.threads);
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    const bool leaky = variant == "leaky";
    if (!leaky && variant != "fixed" && variant != "timed") return no_such_variant();
    auto* const results = new Channel<int>(variant == "fixed" ? kThreads : 0);
    for (int i = 1; i <= kThreads; ++i) {
        std::thread request(variant == "timed" ? query_with_timeout : query, results);
        request.join();
        if (leaky) {
            gate::await_others_blocked(static_cast<size_t>(i));
        } else {
            gate::await_thread_count(1);
        }
        count_threads();
    }
    count_threads();
    return 0;
}
