// SPDX-License-Identifier: Apache-2.0
//
// A thread locks and unlocks while a handler runs after every instruction of it, the wrappers' included, and
// locks as well:
//   stepped_locks [on-signal-stack] [keep]     keep: the thread ends with one lock that it took among the steps
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <vector>

namespace {

pthread_mutex_t stepped = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t handled = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t inner = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t kept = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
pthread_mutex_t recursive;
bool on_signal_stack = false;
bool keeps = false;
volatile int steps = 0;

void lock_in_handler(int) {
    steps = steps + 1;
    pthread_mutex_lock(&handled);
    if (steps % 3 == 0) {
        pthread_mutex_lock(&inner);
        pthread_mutex_unlock(&handled);
        pthread_mutex_unlock(&inner);
    } else {
        pthread_mutex_unlock(&handled);
    }
}

__attribute__((noinline)) void set_trap_flag() {
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}
__attribute__((noinline)) void clear_trap_flag() {
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
}

void lock_and_unlock_all() {
    pthread_mutex_lock(&stepped);
    pthread_rwlock_rdlock(&rwlock);
    pthread_mutex_lock(&recursive);
    pthread_mutex_lock(&recursive);
    pthread_mutex_unlock(&stepped);
    pthread_mutex_unlock(&recursive);
    pthread_rwlock_unlock(&rwlock);
    pthread_mutex_unlock(&recursive);
}

void keep_one() {
    pthread_mutex_lock(&kept);
}

void* run(void*) {
    std::vector<char> memory(128 * 1024);
    const stack_t stack{memory.data(), 0, memory.size()};
    if (sigaltstack(&stack, nullptr) != 0) abort();
    struct sigaction action {};
    action.sa_handler = lock_in_handler;
    action.sa_flags = on_signal_stack ? SA_ONSTACK : 0;
    sigaction(SIGTRAP, &action, nullptr);
    for (int i = 0; i < 6; ++i) {  // the first ones learn what the others recall
        set_trap_flag();
        lock_and_unlock_all();
        if (keeps && i == 3) keep_one();
        clear_trap_flag();
    }
    signal(SIGTRAP, SIG_DFL);
    const stack_t none{nullptr, SS_DISABLE, 0};
    sigaltstack(&none, nullptr);
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
        on_signal_stack |= strcmp(argv[i], "on-signal-stack") == 0;
        keeps |= strcmp(argv[i], "keep") == 0;
    }
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&recursive, &attributes);
    pthread_t thread;
    if (pthread_create(&thread, nullptr, run, nullptr) != 0 || pthread_join(thread, nullptr) != 0) abort();
    return steps > 5000 ? 0 : 1;
}
