// SPDX-License-Identifier: Apache-2.0
//
// What locks are not made for. foreign: a thread unlocks what another one has. destroyed: a mutex is destroyed while a
// thread has it. relocked: a mutex that checks is locked again by its owner. ended: a thread ends with a lock. two:
// threads wait on one condition with different mutexes. long: a lock is held for long. fixed: all of it done well.
#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;  // SITE(mutex) g_mutex
pthread_mutex_t g_other = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t g_checked;                            // SITE(checked) g_checked
pthread_cond_t g_changed = PTHREAD_COND_INITIALIZER;  // SITE(condition) g_changed
gate::Flag g_has_lock;
gate::Flag g_may_go_on;
bool g_is_over = false;
int g_done = 0;

void hold_for_another() {
    pthread_mutex_lock(&g_mutex);  // SITE(held) hold_for_another
    g_has_lock.open();
    g_may_go_on.await_open();
    pthread_mutex_unlock(&g_mutex);
}
// WRAP(hold_for_another)

void take_and_stay() {
    pthread_mutex_lock(&g_mutex);
    g_has_lock.open();
    g_may_go_on.await_open();
}

void unlock_foreign() {
    pthread_mutex_unlock(&g_mutex);
    ++g_done;
}

void lock_and_end() {
    pthread_mutex_lock(&g_mutex);  // SITE(never_unlocked) lock_and_end
    ++g_done;
}
// WRAP(lock_and_end)

void destroy() {
    ++g_done;
    if (pthread_mutex_destroy(&g_mutex) == 0) g_done = 0;  // SITE(destroyed) destroy
}
// WRAP(destroy)

void lock_twice() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&g_checked, &attributes);
    pthread_mutex_lock(&g_checked);
    if (pthread_mutex_lock(&g_checked) != 0) ++g_done;  // SITE(relocked) lock_twice
    pthread_mutex_unlock(&g_checked);
}
// WRAP(lock_twice)

void await_change(pthread_mutex_t* mutex) {
    pthread_mutex_lock(mutex);
    while (!g_is_over) pthread_cond_wait(&g_changed, mutex);
    ++g_done;
    pthread_mutex_unlock(mutex);
}

int await_with(pthread_mutex_t* mutex) {
    std::thread one(await_change, &g_mutex);
    gate::await_others_blocked(1);
    std::thread other(await_change, mutex);
    gate::await_others_blocked(2);
    if (mutex != &g_mutex) {
        one.detach();
        other.detach();
        return 0;
    }
    pthread_mutex_lock(mutex);
    g_is_over = true;
    pthread_mutex_unlock(mutex);
    pthread_cond_broadcast(&g_changed);
    one.join();
    other.join();
    return g_done == 2 ? 0 : 1;
}

void beside_holder(void (*holds)(), void (*work)()) {
    std::thread holder(holds);
    g_has_lock.await_open();
    work();
    g_may_go_on.open();
    holder.join();
}

void lock_once_and_end() {
    pthread_mutex_lock(&g_mutex);
    ++g_done;
    pthread_mutex_unlock(&g_mutex);
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "foreign") {
        beside_holder(take_and_stay, unlock_foreign);
    } else if (variant == "destroyed") {
        beside_holder(hold_for_another, destroy);
    } else if (variant == "relocked") {
        std::thread(lock_twice).join();
    } else if (variant == "ended") {
        std::thread(lock_and_end).join();
    } else if (variant == "two") {
        return await_with(&g_other);
    } else if (variant == "long") {
        std::thread holder(hold_for_another);
        g_has_lock.await_open();
        for (int i = 0; i < 100; ++i) gate::pause_a_moment();
        holder.detach();
    } else if (variant == "fixed") {
        beside_holder(hold_for_another, [] { ++g_done; });
        std::thread(lock_once_and_end).join();
        if (pthread_mutex_destroy(&g_mutex) != 0) return 1;
        pthread_mutex_init(&g_mutex, nullptr);
        g_done = 0;
        return await_with(&g_mutex);
    } else {
        return no_such_variant();
    }
    return 0;
}
