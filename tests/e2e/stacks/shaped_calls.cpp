// SPDX-License-Identifier: Apache-2.0
//
// Threads that sit behind calls which leave no frame, or an odd one: a jump in place of a call, as the last thing
// that a function does, directly and by a pointer. Says "sitting" when they do.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

pthread_mutex_t never_free = PTHREAD_MUTEX_INITIALIZER;
int silent[2];
volatile int left;

#define CALLED __attribute__((noinline, noclone, noipa))

CALLED int locks(int value) {
    pthread_mutex_lock(&never_free);  // SITE(locks) locks
    left = value;
    return value;
}

CALLED int reads(int value) {
    char byte = 0;
    gate::raw_call(SYS_read, silent[0], reinterpret_cast<long>(&byte), 1);  // SITE(reads) reads
    left = value;
    return value;
}

int (*volatile sits[])(int) = {locks, reads};

CALLED int jumps_by_pointer(int which) {
    return sits[which](which);  // SITE(by pointer) jumps_by_pointer
}

CALLED int jumps(int which) {
    return jumps_by_pointer(which);  // SITE(jumps) jumps
}

CALLED int calls(int which) {
    const int value = jumps(which);  // SITE(calls) calls
    left = value;
    return value + 1;
}

/// The wrapper itself is what is jumped to.
CALLED int jumps_to_lock(pthread_mutex_t* mutex) {
    return pthread_mutex_lock(mutex);  // SITE(to lock) jumps_to_lock
}

CALLED int calls_jump_to_lock() {
    const int value = jumps_to_lock(&never_free);  // SITE(calls to lock) calls_jump_to_lock
    left = value;
    return value + 1;
}

void* begin_lock(void*) {
    pthread_setname_np(pthread_self(), "locks");
    left = calls(0);  // SITE(begins lock) begin_lock
    return nullptr;
}

void* begin_read(void*) {
    pthread_setname_np(pthread_self(), "reads");
    left = calls(1);  // SITE(begins read) begin_read
    return nullptr;
}

void* begin_to_lock(void*) {
    pthread_setname_np(pthread_self(), "to lock");
    left = calls_jump_to_lock();  // SITE(begins to lock) begin_to_lock
    return nullptr;
}

}  // namespace

int main() {
    if (pipe(silent) != 0) return 1;
    pthread_mutex_lock(&never_free);
    pthread_t thread;
    for (void* (*routine)(void*) : {begin_lock, begin_read, begin_to_lock})
        pthread_create(&thread, nullptr, routine, nullptr);
    gate::await_others_stuck_in(3, {SYS_read, SYS_futex});
    gate::say("sitting\n");
    pause();
    return 0;
}
