// SPDX-License-Identifier: Apache-2.0
//
// So many threads, each of which has locked once, and so many distinct stacks that the first of them has
// locked with; then says "up" and stays. For measuring what a thread and a stack take of memory.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

#define NOINLINE __attribute__((noinline, noclone))

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<int> up;
int stack_count;

constexpr int kTurns = 13;

void turn(uint32_t path, int left);
NOINLINE void turn_left(uint32_t path, int left) {
    turn(path, left);
    asm volatile("");
}
NOINLINE void turn_right(uint32_t path, int left) {
    turn(path, left);
    asm volatile("");
}
__attribute__((always_inline)) inline void turn(uint32_t path, int left) {
    if (left == 1) {
        pthread_mutex_lock(&mutex);
        pthread_mutex_unlock(&mutex);
    } else if ((path & 1) != 0) {
        turn_right(path >> 1, left - 1);
    } else {
        turn_left(path >> 1, left - 1);
    }
}

void* run(void* is_first) {
    const int stacks = is_first != nullptr ? stack_count : 1;
    for (int path = 0; path < stacks; ++path) turn_left(static_cast<uint32_t>(path), kTurns);
    ++up;
    pause();
    return nullptr;
}

}  // namespace

int main(int count, char** arguments) {
    const int threads = count > 1 ? std::atoi(arguments[1]) : 1;
    stack_count = count > 2 ? std::atoi(arguments[2]) : 1;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    for (int i = 0; i < threads; ++i) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, run, i == 0 ? &up : nullptr) != 0) return 1;
    }
    while (up < threads) usleep(1000);
    std::puts("up");
    std::fflush(stdout);
    pause();
}
