// SPDX-License-Identifier: Apache-2.0
//
// Threads that each wait for an object of their own, and are interrupted on the way there by a handler that
// writes: the first one in the instruction after FIRST of its call, each next one in the instruction after
// that. `stepped_waits read|sem_wait FIRST COUNT`. Says "writes to DESCRIPTOR", and "waiting" once all do.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <ucontext.h>
#include <unistd.h>

#include <vector>

#include "tests/support/gate.h"

namespace {

constexpr greg_t kTrapFlag = 0x100;

struct Waiter {
    int steps;       ///< instructions before the handler writes
    int descriptor;  ///< an eventfd
    sem_t semaphore;
};

int written = -1;
bool on_semaphore = false;
thread_local int steps_left = 0;

void after_instruction(int, siginfo_t*, void* context) {
    if (--steps_left > 0) return;
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    const uint64_t one = 1;
    if (write(written, &one, sizeof(one)) != sizeof(one)) abort();
}

/// The same call twice from the same place, so that its stack is known the second time, when it waits.
void* wait_twice(void* argument) {
    Waiter& waiter = *static_cast<Waiter*>(argument);
    for (int round = 0; round < 2; ++round) {
        uint64_t bytes;
        if (round == 1) {
            steps_left = waiter.steps;
            __asm__ volatile("subq $128, %%rsp\n\tpushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\taddq $128, %%rsp" ::
                                 : "memory", "cc");
        }
        if (on_semaphore) {
            sem_wait(&waiter.semaphore);
        } else if (read(waiter.descriptor, &bytes, sizeof(bytes)) < 0) {
            abort();
        }
    }
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 2;
    on_semaphore = strcmp(argv[1], "sem_wait") == 0;
    const int first = atoi(argv[2]);
    std::vector<Waiter> waiters(static_cast<size_t>(atoi(argv[3])));
    struct sigaction action {};
    action.sa_sigaction = after_instruction;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGTRAP, &action, nullptr);
    written = eventfd(0, 0);
    char text[64];
    snprintf(text, sizeof(text), "writes to %d\n", written);
    gate::say(text);
    for (size_t i = 0; i < waiters.size(); ++i) {
        waiters[i].steps = first + static_cast<int>(i) + 1;
        waiters[i].descriptor = eventfd(1, 0);
        sem_init(&waiters[i].semaphore, 0, 1);
        pthread_t thread;
        if (pthread_create(&thread, nullptr, wait_twice, &waiters[i]) != 0) return 3;
    }
    gate::await_others_in(on_semaphore ? gate::kCallFutex : 0, waiters.size());
    gate::say("waiting\n");
    gate::Flag().await_open();
}
