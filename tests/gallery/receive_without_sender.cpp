// SPDX-License-Identifier: Apache-2.0
//
// A handler starts a thread that receives from a channel on which nobody sends, and returns.
// fixed: the channel is closed when its scope ends. sender: somebody sends.
#include <atomic>
#include <optional>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::atomic<int> g_answered{0};

void answer_request(Channel<int>* requests) {
    const std::optional<int> request = requests->receive();  // SITE(block) answer_request
    if (request) g_answered.fetch_add(*request);
}
// WRAP(answer_request)

void handler(Channel<int>* requests) {
    std::thread worker(answer_request, requests);  // SITE(created) handler
    worker.detach();
}
// WRAP(handler)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    auto* const requests = new Channel<int>;
    handler(requests);
    if (variant == "leaky") {
        gate::await_others_blocked(1);
        return 0;
    }
    if (variant == "fixed") {
        requests->close();
    } else if (variant == "sender") {
        requests->send(1);
    } else {
        return no_such_variant();
    }
    gate::await_thread_count(1);
    return 0;
}
