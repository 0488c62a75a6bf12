// SPDX-License-Identifier: Apache-2.0
//
// A thousand threads on a thousand different stacks, for measuring reports of them: fifty functions
// call each other in orders and depths that differ from thread to thread. Says "up" when all wait.
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr int kPaths = 50;
constexpr int kDepths = 20;

std::mutex mutex;
std::condition_variable never;
std::atomic<int> waiting;

void wait_for_condition() {
    std::unique_lock lock(mutex);
    ++waiting;
    never.wait(lock, [] { return false; });
}

void wait_for_time() {
    ++waiting;
    while (true) sleep(10'000);
}

template <int Path>
void follow(int depth, const std::function<void()>& end) {
    if (depth > 0) {
        follow<(Path * 7 + 3) % kPaths>(depth - 1, end);
    } else {
        end();
    }
    asm volatile("");  // no tail call
}

template <int... Path>
std::vector<void (*)(int, const std::function<void()>&)> paths(std::integer_sequence<int, Path...>) {
    return {&follow<Path>...};
}

}  // namespace

int main(int count, char** arguments) {
    const int threads = count > 1 ? std::atoi(arguments[1]) : kPaths * kDepths;
    const auto all_paths = paths(std::make_integer_sequence<int, kPaths>());
    std::vector<std::thread> started;
    for (int i = 0; i < threads; ++i) {
        started.emplace_back([=, &all_paths] {
            all_paths[static_cast<size_t>(i % kPaths)](i / kPaths % kDepths,
                                                       i % 3 == 0 ? wait_for_time : wait_for_condition);
        });
    }
    while (waiting < threads) usleep(1000);
    std::puts("up");
    std::fflush(stdout);
    pause();
}
