// SPDX-License-Identifier: Apache-2.0
//
//     ordered_posts
//
// Two threads post to each of some semaphores in turns, as soon as the other has: first the one, then the other, and
// at the next semaphore the other way round. Says "second TID", "first TID", "semaphores ADDRESS" and stays.
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "tests/support/deadline.h"
#include "tests/support/gate.h"

namespace {

constexpr int kSemaphores = 16;  // as many as a record has room for, and some more

sem_t semaphores[kSemaphores];
sem_t others;
std::atomic<int> turn{0};
gate::Flag ready;
gate::Flag never;

/// For some ticks of the clock: as a program that has been running for a while.
void post_for_a_while() {
    constexpr long kWhile = 50'000'000;
    const timespec end = time_from_now(CLOCK_MONOTONIC, kWhile);
    timespec now{};
    do {
        sem_post(&others);
        sem_trywait(&others);
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec < end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

/// The `self`th of two, in turns 2 i and 2 i + 1: at even semaphores in the first, at odd ones in the second.
void post_in_turns(int self) {
    for (int i = 0; i < kSemaphores; ++i) {
        const int mine = 2 * i + (self ^ (i & 1));
        while (turn.load() != mine) {
        }
        sem_post(&semaphores[i]);
        turn.store(mine + 1);
    }
}

void* post(void*) {
    post_for_a_while();
    printf("second %ld\n", syscall(SYS_gettid));
    ready.open();
    post_in_turns(1);
    never.await_open();
    return nullptr;
}

}  // namespace

int main() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, post, nullptr) != 0) return 1;
    post_for_a_while();
    ready.await_open();
    post_in_turns(0);
    while (turn.load() != 2 * kSemaphores) {
    }
    printf("first %ld\nsemaphores %lu\n", syscall(SYS_gettid), reinterpret_cast<unsigned long>(semaphores));
    fflush(stdout);
    never.await_open();
}
