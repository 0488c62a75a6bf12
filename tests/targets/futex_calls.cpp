// SPDX-License-Identifier: Apache-2.0
//
// One operation on a futex at a time, by thread T2 through libc's syscall(): `futex_calls OPERATION`.
// Says "at LINE OBJECT TID" before the call and "done RESULT ERRNO" after it; then stays as it is.
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>

#include "tests/support/gate.h"

namespace {

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

uint32_t word = 2;
uint32_t other_word = 0;
uint32_t lock_word;
const timespec an_hour{3600, 0};
const timespec a_moment{0, 1};
timespec far;
timespec far_monotonic;

/// `object` is what the recording must name.
#define CALL(object, ...)                                                                                            \
    do {                                                                                                             \
        char text[96];                                                                                               \
        snprintf(text, sizeof(text), "at %d %lx %d\n", __LINE__, reinterpret_cast<unsigned long>(object), gettid()); \
        gate::say(text);                                                                                             \
        errno = 0;                                                                                                   \
        const long result = syscall(__VA_ARGS__);                                                                    \
        snprintf(text, sizeof(text), "done %ld %d\n", result, errno);                                                \
        gate::say(text);                                                                                             \
    } while (false)

/// The wait that it interrupts goes on.
void wait_in_handler(int) {
    CALL(&other_word, SYS_futex, &other_word, FUTEX_WAIT_PRIVATE, 0, &a_moment);
}

const std::map<std::string, std::function<void()>> kOperations = {
    {"wait", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT, 2, nullptr); }},
    {"wait-timed", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, &an_hour); }},
    {"wait-over", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, &a_moment); }},
    {"wait-other-value", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 3, nullptr); }},
    {"wait-bad-time", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, 1L); }},
    {"bitset", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 2, nullptr, nullptr, ~0U); }},
    {"bitset-timed", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 2, &far_monotonic, nullptr, ~0U); }},
    {"bitset-realtime",
     [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 2, &far, nullptr, ~0U); }},
    {"lock-pi", [] { CALL(&lock_word, SYS_futex, &lock_word, FUTEX_LOCK_PI_PRIVATE, 0, nullptr); }},
    {"lock-pi-timed", [] { CALL(&lock_word, SYS_futex, &lock_word, FUTEX_LOCK_PI_PRIVATE, 0, &far); }},
    {"lock-pi2-timed",
     [] { CALL(&lock_word, SYS_futex, &lock_word, FUTEX_LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, &far_monotonic); }},
    {"requeue-pi", [] { CALL(&word, SYS_futex, &word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 2, nullptr, &other_word, 0); }},
    {"waitv",
     [] {
         futex_waitv both[2]{};
         both[0].val = 2;
         both[0].uaddr = reinterpret_cast<uintptr_t>(&word);
         both[1].uaddr = reinterpret_cast<uintptr_t>(&other_word);
         both[0].flags = both[1].flags = FUTEX_32;
         CALL(&word, SYS_futex_waitv, both, 2, 0, nullptr, CLOCK_MONOTONIC);
     }},
    {"waitv-timed",
     [] {
         futex_waitv one{};
         one.val = 2;
         one.uaddr = reinterpret_cast<uintptr_t>(&word);
         one.flags = FUTEX_32;
         CALL(&word, SYS_futex_waitv, &one, 1, 0, &far, CLOCK_REALTIME);
     }},
    {"wake", [] { CALL(&word, SYS_futex, &word, FUTEX_WAKE, 1); }},
    {"wake-bitset", [] { CALL(&word, SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 1, nullptr, nullptr, ~0U); }},
    {"wake-op", [] { CALL(&word, SYS_futex, &other_word, FUTEX_WAKE_OP_PRIVATE, 1, 1L, &word, 0); }},
    {"requeue", [] { CALL(&word, SYS_futex, &word, FUTEX_REQUEUE_PRIVATE, 1, 1L, &other_word); }},
    {"cmp-requeue", [] { CALL(&word, SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 1L, &other_word, 2); }},
    {"cmp-requeue-pi", [] { CALL(&word, SYS_futex, &word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 1L, &other_word, 2); }},
    {"vfork-wake",
     [] {
         if (vfork() == 0) {
             CALL(&word, SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
             _exit(0);
         }
     }},
    {"vfork-wait",
     [] {
         if (vfork() == 0) {
             CALL(&word, SYS_futex, &word, FUTEX_WAIT_PRIVATE, 3, nullptr);
             _exit(0);
         }
     }},
    {"wait-in-handler",
     [] {
         signal(SIGUSR2, wait_in_handler);
         syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 2, nullptr);
     }},
    {"unlock-pi", [] { CALL(&lock_word, SYS_futex, &lock_word, FUTEX_UNLOCK_PI_PRIVATE); }},
};

void* call_operation(void* operation) {
    (*static_cast<const std::function<void()>*>(operation))();
    gate::Flag().await_open();
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || !kOperations.contains(argv[1])) return 2;
    clock_gettime(CLOCK_REALTIME, &far);
    clock_gettime(CLOCK_MONOTONIC, &far_monotonic);
    far.tv_sec += 3600;
    far_monotonic.tv_sec += 3600;
    lock_word = static_cast<uint32_t>(gettid());  // locked by this thread
    std::function<void()> operation = kOperations.at(argv[1]);
    pthread_t thread;
    if (pthread_create(&thread, nullptr, call_operation, &operation) != 0) abort();
    if (strcmp(argv[1], "wait-in-handler") == 0) {
        gate::await_others_blocked(1);
        pthread_kill(thread, SIGUSR2);
    }
    gate::Flag().await_open();
}
