// SPDX-License-Identifier: Apache-2.0
//
// Threads that sit in a fiber, which has a stack of its own. Says "sitting" when they do.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/context/fiber.hpp>
#include <utility>

#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

pthread_mutex_t never_free = PTHREAD_MUTEX_INITIALIZER;
int silent[2];
volatile int left;

__attribute__((noinline)) void lock() {
    pthread_mutex_lock(&never_free);  // SITE(locks) lock
    left = 1;
}

__attribute__((noinline)) void read_byte() {
    char byte = 0;
    if (read(silent[0], &byte, 1) == 1) left = byte;  // SITE(reads) read_byte
    left = 2;
}

__attribute__((noinline)) void deeper_lock() {
    lock();  // SITE(locks deeper) deeper_lock
    left = 3;
}

__attribute__((noinline)) void deeper_read() {
    read_byte();  // SITE(reads deeper) deeper_read
    left = 4;
}

void in_fiber(void (*sit)()) {
    boost::context::fiber fiber([sit](boost::context::fiber&& back) {
        sit();
        left = 5;
        return std::move(back);
    });
    fiber = std::move(fiber).resume();  // SITE(resumes) in_fiber
    left = 6;
}

void* begin_lock(void*) {
    pthread_setname_np(pthread_self(), "locks");
    in_fiber(deeper_lock);
    return nullptr;
}

void* begin_read(void*) {
    pthread_setname_np(pthread_self(), "reads");
    in_fiber(deeper_read);
    return nullptr;
}

}  // namespace

int main() {
    if (pipe(silent) != 0) return 1;
    pthread_mutex_lock(&never_free);
    pthread_t thread;
    pthread_create(&thread, nullptr, begin_lock, nullptr);
    pthread_create(&thread, nullptr, begin_read, nullptr);
    gate::await_others_stuck_in(2, {SYS_read, SYS_futex});
    gate::say("sitting\n");
    pause();
    return 0;
}
