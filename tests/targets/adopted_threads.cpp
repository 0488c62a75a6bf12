// SPDX-License-Identifier: Apache-2.0
//
// Threads that did not come through pthread_create, each blocked for ever on the semaphore:
//   adopted_threads sigev-thread   a timer's notification thread, made inside libc
//   adopted_threads after-vfork    the same, which has called nothing but vfork before, whose child writes
//   adopted_threads raw-clone      made by clone(2), with thread-local storage of its own
//   adopted_threads shared-tls     made by clone(2) with its creator's thread-local storage
// Says "tid TID" of that thread when it is about to block.
#include <dlfcn.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

sem_t never_posted;

void block() {
    char text[32];
    snprintf(text, sizeof(text), "tid %ld\n", gate::raw_call(/*gettid*/ 186));
    gate::say(text);
    sem_wait(&never_posted);
}

void on_timer(sigval) {
    block();
}

void on_timer_with_child(sigval) {
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (vfork() == 0) {
        write(null, "x", 1);
        _exit(0);
    }
    block();
}

int in_clone(void*) {
    block();
    return 0;
}

void start_timer(void (*function)(sigval)) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_notify_function = function;
    timer_t timer;
    const itimerspec once{{0, 0}, {0, 1}};
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 || timer_settime(timer, 0, &once, nullptr) != 0) abort();
}

/// A thread control block as libc wants it: itself at offsets 0 and 16.
void* make_thread_block() {
    auto* const allocate = reinterpret_cast<void* (*)(void*)>(dlsym(RTLD_DEFAULT, "_dl_allocate_tls"));
    char* const block = allocate == nullptr ? nullptr : static_cast<char*>(allocate(nullptr));
    if (block == nullptr) abort();
    memcpy(block, &block, sizeof(block));
    memcpy(block + 16, &block, sizeof(block));
    return block;
}

void start_clone(bool own_storage) {
    constexpr size_t kStack = 256 * 1024;
    char* const stack = static_cast<char*>(
        mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (own_storage) flags |= CLONE_SETTLS;
    if (clone(in_clone, stack + kStack, flags, nullptr, nullptr, own_storage ? make_thread_block() : nullptr) < 0)
        abort();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    sem_init(&never_posted, 0, 0);
    if (strcmp(argv[1], "sigev-thread") == 0) start_timer(on_timer);
    if (strcmp(argv[1], "after-vfork") == 0) start_timer(on_timer_with_child);
    if (strcmp(argv[1], "raw-clone") == 0) start_clone(true);
    if (strcmp(argv[1], "shared-tls") == 0) start_clone(false);
    gate::Flag().await_open();
}
