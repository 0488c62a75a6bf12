// SPDX-License-Identifier: Apache-2.0
//
// process() waits 100 ms for a search that takes longer, and gives up; the search then sends its
// result to nobody. fixed: the channel has room for the result.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

using namespace std::chrono_literals;

gate::Flag g_given_up;
std::atomic<int> g_searches{0};

void search(Channel<int>* results) {
    std::this_thread::sleep_for(200ms);
    g_given_up.await_open();  // on a busy machine 200 ms need not be longer than 100 ms
    results->send(42);        // SITE(block) search
    g_searches.fetch_add(1);
}
// WRAP(search)

bool process(size_t capacity) {
    auto* const results = new Channel<int>(capacity);
    std::thread searcher(search, results);  // SITE(created) process
    searcher.detach();
    const std::optional<int> result = results->receive_for(100ms);
    std::puts(result ? "found" : "gave up");
    g_given_up.open();
    return result.has_value();
}
// WRAP(process)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        process(0);
        gate::await_others_blocked(1);
        return 0;
    }
    if (variant == "fixed") {
        process(1);
        gate::await_thread_count(1);
        return 0;
    }
    return no_such_variant();
}
