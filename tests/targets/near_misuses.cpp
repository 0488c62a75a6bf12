// SPDX-License-Identifier: Apache-2.0
//
// What only looks like misuse of a lock or a condition:
//   near_misuses broadcast  a condition is destroyed when all who waited on it were woken, but one is still inside
//   near_misuses signalled  the same of two that were woken one by one
//   near_misuses waited     misuse: one of two was not woken; the program hangs
//   near_misuses lent       a mutex that nobody has is destroyed and unlocked while a thread waits on a condition with
//   it near_misuses refused    a mutex that checks is unlocked by another thread, in vain; then the two deadlock
//   near_misuses many       more rwlocks are read than a record has room for, and one that another thread reads as well
//   near_misuses foreign    misuse: a mutex is unlocked by another thread
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "tests/support/gate.h"

namespace {

constexpr int kManyLocks = 300;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
pthread_rwlock_t locks[kManyLocks];
gate::Flag interrupted;
gate::Flag go_on;
int waiting = 0;
bool is_over = false;

[[noreturn]] void fail() {
    _exit(9);
}

/// In a thread that waits: keeps it inside until main waits for it to leave.
void stay_inside(int) {
    interrupted.open();
    go_on.await_open();
    gate::await([] { return gate::detail::look_at(getpid()).call == gate::kCallFutex; });
}

void* wait_until_over(void*) {
    pthread_mutex_lock(&mutex);
    ++waiting;
    while (!is_over) pthread_cond_wait(&condition, &mutex);
    pthread_mutex_unlock(&mutex);
    return nullptr;
}

void start_waiting(pthread_t* threads, int count) {
    for (int i = 0; i < count; ++i) pthread_create(&threads[i], nullptr, wait_until_over, nullptr);
    gate::await_others_blocked(static_cast<size_t>(count));
}

void end_waits() {
    pthread_mutex_lock(&mutex);
    is_over = true;
    pthread_mutex_unlock(&mutex);
}

int destroy_after(int signals) {
    pthread_t threads[2];
    signal(SIGUSR1, stay_inside);
    start_waiting(threads, 2);
    pthread_kill(threads[0], SIGUSR1);
    interrupted.await_open();
    end_waits();
    if (signals == 0) pthread_cond_broadcast(&condition);
    for (int i = 0; i < signals; ++i) pthread_cond_signal(&condition);
    go_on.open();
    pthread_cond_destroy(&condition);
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
    return 0;
}

int use_lent() {
    pthread_t threads[1];
    start_waiting(threads, 1);
    if (pthread_mutex_destroy(&mutex) != EBUSY) fail();
    pthread_mutex_unlock(&mutex);
    return 0;
}

void* lock_both(void*) {
    pthread_mutex_lock(&other);
    interrupted.open();
    go_on.await_open();
    pthread_mutex_lock(&mutex);
    return nullptr;
}

int unlock_in_vain() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_init(&other, &attributes);
    pthread_mutex_lock(&mutex);
    pthread_t thread;
    pthread_create(&thread, nullptr, lock_both, nullptr);
    interrupted.await_open();
    if (pthread_mutex_unlock(&other) != EPERM) fail();
    go_on.open();
    gate::await_others_blocked(1);
    return pthread_mutex_lock(&other);
}

void* read_last(void*) {
    pthread_rwlock_rdlock(&locks[kManyLocks - 1]);
    interrupted.open();
    go_on.await_open();
    pthread_rwlock_unlock(&locks[kManyLocks - 1]);
    return nullptr;
}

int read_many() {
    for (pthread_rwlock_t& lock : locks) pthread_rwlock_init(&lock, nullptr);
    pthread_t thread;
    pthread_create(&thread, nullptr, read_last, nullptr);
    interrupted.await_open();
    for (pthread_rwlock_t& lock : locks) pthread_rwlock_rdlock(&lock);
    for (int i = kManyLocks - 1; i >= 0; --i) pthread_rwlock_unlock(&locks[i]);
    go_on.open();
    return pthread_join(thread, nullptr);
}

void* lock_and_stay(void*) {
    pthread_mutex_lock(&mutex);
    interrupted.open();
    go_on.await_open();
    return nullptr;
}

int unlock_foreign() {
    pthread_t thread;
    pthread_create(&thread, nullptr, lock_and_stay, nullptr);
    interrupted.await_open();
    pthread_mutex_unlock(&mutex);  // SITE(unlocked) unlock_foreign
    go_on.open();
    return pthread_join(thread, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "broadcast") return destroy_after(0);
    if (what == "signalled") return destroy_after(2);
    if (what == "waited") return destroy_after(1);
    if (what == "lent") return use_lent();
    if (what == "refused") return unlock_in_vain();
    if (what == "many") return read_many();
    if (what == "foreign") return unlock_foreign();
    return 2;
}
