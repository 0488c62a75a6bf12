// SPDX-License-Identifier: Apache-2.0
//
// Programs that hang for good, one a situation: `stuck SITUATION`. The lines that a report must name
// end in SITE(...).
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>

#include "tests/support/gate.h"

// Outside of the namespace, so that reports name them shortly.
pthread_spinlock_t g_spin;
pthread_barrier_t g_barrier;
pthread_once_t g_left = PTHREAD_ONCE_INIT;
pthread_once_t g_right = PTHREAD_ONCE_INIT;
once_flag g_flag = ONCE_FLAG_INIT;
mtx_t g_first;
mtx_t g_second;

namespace {

gate::Crossing both(2);

pthread_t start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) abort();
    return thread;
}

void* lock_spin(void*) {
    pthread_spin_lock(&g_spin);  // SITE(spin wait) lock_spin
    return nullptr;
}

/// Main holds the lock that the thread waits for which it joins.
void spin() {
    pthread_spin_lock(&g_spin);  // SITE(spin hold) spin
    pthread_join(start(lock_spin), nullptr);
}

void spin_of_exited_thread() {
    pthread_join(start(lock_spin), nullptr);
    pthread_join(start(lock_spin), nullptr);
}

void* come_to_barrier(void*) {
    pthread_barrier_wait(&g_barrier);  // SITE(barrier) come_to_barrier
    return nullptr;
}

void barrier() {
    pthread_barrier_init(&g_barrier, nullptr, 3);
    const pthread_t one = start(come_to_barrier);
    pthread_join(start(come_to_barrier), nullptr);
    pthread_join(one, nullptr);
}

void nothing() {}

void initialize_left() {
    both.arrive_and_await();
    pthread_once(&g_right, nothing);  // SITE(left wait) initialize_left
}
void initialize_right() {
    both.arrive_and_await();
    pthread_once(&g_left, nothing);  // SITE(right wait) initialize_right
}
void* run_right(void*) {
    pthread_once(&g_right, initialize_right);  // SITE(right hold) run_right
    return nullptr;
}

void crossed_once() {
    start(run_right);
    pthread_once(&g_left, initialize_left);  // SITE(left hold) crossed_once
}

void initialize_flag() {
    call_once(&g_flag, nothing);  // SITE(own flag) initialize_flag
}
void own_once() {
    call_once(&g_flag, initialize_flag);
}

int right_value();
int initialize_left_local() {
    both.arrive_and_await();
    return right_value();
}
int left_value() {
    static const int kLeft = initialize_left_local();  // SITE(left local) left_value
    return kLeft;
}
int initialize_right_local() {
    both.arrive_and_await();
    return left_value();
}
int right_value() {
    static const int kRight = initialize_right_local();  // SITE(right local) right_value
    return kRight;
}
void* want_right_value(void*) {
    right_value();
    return nullptr;
}

void crossed_locals() {
    start(want_right_value);
    left_value();
}

int value_of_itself() {
    static const int kValue = value_of_itself();  // SITE(own local) value_of_itself
    return kValue;
}
/// Where there has never been another thread, the C++ library ends the process instead.
void own_local() {
    pthread_join(start([](void*) -> void* { return nullptr; }), nullptr);
    value_of_itself();
}

int lock_second_and_first(void*) {
    mtx_lock(&g_second);
    both.arrive_and_await();
    mtx_lock(&g_first);  // SITE(second wait) lock_second_and_first
    return 0;
}

void c11_mutexes() {
    mtx_init(&g_first, mtx_plain);
    mtx_init(&g_second, mtx_recursive);
    thrd_t thread;
    thrd_create(&thread, lock_second_and_first, nullptr);
    mtx_lock(&g_first);
    both.arrive_and_await();
    mtx_lock(&g_second);  // SITE(first wait) c11_mutexes
}

pthread_mutex_t* make_mutex(void (*configure)(pthread_mutexattr_t*)) {
    void* const memory =
        mmap(nullptr, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const mutex = static_cast<pthread_mutex_t*>(memory);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    configure(&attributes);
    if (pthread_mutex_init(mutex, &attributes) != 0) abort();
    return mutex;
}

pthread_mutex_t* odd_mutex;
void* lock_odd(void*) {
    pthread_mutex_lock(odd_mutex);  // SITE(odd wait) lock_odd
    return nullptr;
}

void priority_inheriting() {
    odd_mutex = make_mutex([](pthread_mutexattr_t* a) { pthread_mutexattr_setprotocol(a, PTHREAD_PRIO_INHERIT); });
    lock_odd(nullptr);
    pthread_join(start(lock_odd), nullptr);
}

void robust() {
    odd_mutex = make_mutex([](pthread_mutexattr_t* a) { pthread_mutexattr_setrobust(a, PTHREAD_MUTEX_ROBUST); });
    lock_odd(nullptr);
    pthread_join(start(lock_odd), nullptr);
}

/// Held by a child process, which ends with this one.
void shared() {
    odd_mutex = make_mutex([](pthread_mutexattr_t* a) { pthread_mutexattr_setpshared(a, PTHREAD_PROCESS_SHARED); });
    const pid_t parent = getpid();
    if (fork() == 0) {
        lock_odd(nullptr);
        gate::await([=] { return getppid() != parent; });
        _exit(0);
    }
    gate::await([] { return odd_mutex->__data.__lock != 0; });
    pthread_join(start(lock_odd), nullptr);
}

const std::map<std::string, std::function<void()>> kSituations = {
    {"spin", spin},
    {"spin-of-exited-thread", spin_of_exited_thread},
    {"barrier", barrier},
    {"crossed-once", crossed_once},
    {"own-once", own_once},
    {"crossed-locals", crossed_locals},
    {"own-local", own_local},
    {"c11-mutexes", c11_mutexes},
    {"priority-inheriting", priority_inheriting},
    {"robust", robust},
    {"shared", shared},
};

}  // namespace

int main(int argc, char** argv) {
    const auto situation = argc == 2 ? kSituations.find(argv[1]) : kSituations.end();
    if (situation == kSituations.end()) return 2;
    pthread_spin_init(&g_spin, PTHREAD_PROCESS_PRIVATE);
    situation->second();
}
