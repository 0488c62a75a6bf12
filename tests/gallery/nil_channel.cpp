// SPDX-License-Identifier: Apache-2.0
//
// A worker ranges over a channel on which no value ever comes, and nobody joins it.
// fixed: it also watches a done channel, which is closed in the end, and is waited for.
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

std::atomic<int> g_sum{0};

void do_work(Channel<int>* numbers) {
    const auto range_over_numbers = [numbers] {
        while (const std::optional<int> number = numbers->receive()) g_sum += *number;  // SITE(block) do_work
        std::puts("do_work exited");
    };
    std::thread worker(range_over_numbers);  // SITE(created) do_work
    worker.detach();
}
// WRAP(do_work)

std::thread do_work_until(Channel<int>* numbers, Context* done) {
    return std::thread([numbers, done] {
        while (const std::optional<int> number = numbers->receive(*done)) g_sum += *number;
    });
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    auto* const numbers = new Channel<int>;
    if (variant == "leaky") {
        do_work(numbers);
        gate::await_others_blocked(1);
        return 0;
    }
    if (variant == "fixed") {
        auto* const done = new Context;
        std::thread worker = do_work_until(numbers, done);
        std::this_thread::sleep_for(50ms);
        done->cancel();
        worker.join();
        return 0;
    }
    return no_such_variant();
}
