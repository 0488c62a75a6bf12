// SPDX-License-Identifier: Apache-2.0
//
// A generator thread sends random numbers; its consumer takes three and leaves.
// fixed: the generator also watches a done channel.
#include <atomic>
#include <cstdio>
#include <random>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/context.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::atomic<int> g_sent{0};

Channel<int>* new_random_stream() {
    auto* const stream = new Channel<int>;
    const auto generate = [stream] {
        std::minstd_rand random;
        while (stream->send(static_cast<int>(random()))) g_sent.fetch_add(1);  // SITE(block) new_random_stream
    };
    std::thread generator(generate);  // SITE(created) new_random_stream
    generator.detach();
    return stream;
}
// WRAP(new_random_stream)

Channel<int>* new_random_stream_until(Context* done) {
    auto* const stream = new Channel<int>;
    std::thread generator([stream, done] {
        std::minstd_rand random;
        while (stream->send(static_cast<int>(random()), *done)) g_sent.fetch_add(1);
    });
    generator.detach();
    return stream;
}

void take_three(Channel<int>* stream) {
    for (int i = 0; i < 3; ++i) std::printf("%d\n", stream->receive().value_or(0));
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        take_three(new_random_stream());
        gate::await_others_blocked(1);
        return 0;
    }
    if (variant == "fixed") {
        auto* const done = new Context;
        take_three(new_random_stream_until(done));
        done->cancel();
        gate::await_thread_count(1);
        return 0;
    }
    return no_such_variant();
}
