// SPDX-License-Identifier: Apache-2.0
//
// A clean program whose 50 threads end at random times around main's end: half of them are joined, the other
// half is detached and a moment from its end when main returns. Arguments: the seed; "stay": one more thread
// waits for ever.
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 50;
constexpr int kLongestMicroseconds = 3000;

std::mutex g_mutex;
std::condition_variable g_changed;
int g_begun = 0;

void come_and_go(int microseconds) {
    {
        std::unique_lock<std::mutex> guard(g_mutex);
        ++g_begun;
        g_changed.notify_all();
        g_changed.wait(guard, [] { return g_begun == kThreads; });
    }
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
}

}  // namespace

int main(int argc, char** argv) {
    std::mt19937 random(static_cast<unsigned>(argc > 1 ? std::atoi(argv[1]) : 0));
    std::uniform_int_distribution<int> length(0, kLongestMicroseconds);
    std::vector<std::thread> joined;
    for (int i = 0; i < kThreads; ++i) {
        std::thread thread(come_and_go, length(random));
        if (i % 2 == 0)
            joined.push_back(std::move(thread));
        else
            thread.detach();
    }
    if (argc > 2) {
        auto* const never = new std::condition_variable;  // its destructor would wait
        std::thread([never] {
            std::unique_lock<std::mutex> guard(g_mutex);
            for (;;) never->wait(guard);
        }).detach();
    }
    for (std::thread& thread : joined) thread.join();
    if (random() % 4 == 0) std::exit(0);
}
