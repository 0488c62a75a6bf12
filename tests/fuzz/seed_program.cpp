// SPDX-License-Identifier: Apache-2.0
//
// A bit of everything that a recording, or a core, can have; stuck until it is killed. With an argument, stacks as
// deep as they can be: without them a depth that is a lie would not fit into its region. See make_seeds.py.
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "include/loiter/loiter.h"
#include "tests/support/gate.h"

static pthread_mutex_t g_ledger = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t g_accounts = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t g_orphan = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t g_jobs = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t g_more = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t g_prices = PTHREAD_RWLOCK_INITIALIZER;
static sem_t g_slots;
static pthread_barrier_t g_start;
static int g_pipe[2];

static void* teller(void* unused) {
    pthread_setname_np(pthread_self(), "teller");
    pthread_mutex_lock(&g_accounts);
    pthread_barrier_wait(&g_start);
    pthread_mutex_lock(&g_ledger);
    return unused;
}

static void* auditor(void* unused) {
    pthread_mutex_lock(&g_ledger);
    pthread_barrier_wait(&g_start);
    pthread_mutex_lock(&g_accounts);
    return unused;
}

static void* leaver(void* unused) {
    pthread_mutex_lock(&g_orphan);
    pthread_cond_signal(&g_more);
    return unused;
}

static void* heir(void* to_join) {
    pthread_join(*static_cast<pthread_t*>(to_join), nullptr);
    pthread_mutex_lock(&g_orphan);
    return nullptr;
}

static void* worker(void* unused) {
    pthread_mutex_lock(&g_jobs);
    pthread_cond_wait(&g_more, &g_jobs);
    return unused;
}

static void* reader(void* unused) {
    char byte;
    pthread_rwlock_rdlock(&g_prices);
    if (read(g_pipe[0], &byte, 1) < 0) return unused;
    return nullptr;
}

static void* writer(void* unused) {
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 3600;
    sem_timedwait(&g_slots, &soon);
    pthread_rwlock_wrlock(&g_prices);
    return unused;
}

template <int kWhich>
static void dig(int deeper) {
    if (deeper > 0) dig<kWhich>(deeper - 1);
    if (deeper == 0) sem_wait(&g_slots);
    asm volatile("" ::: "memory");  // comes back, and does not jump
}

template <int kWhich>
static void* digger(void* unused) {
    dig<kWhich>(150);
    return unused;
}

/// Every other thread slept at one moment: nobody was left to wake any.
static void await_stuck() {
    gate::await([] {
        static gate::detail::Sights one;
        static gate::detail::Sights other;
        gate::detail::look(one);
        for (size_t i = 0; i < one.count; ++i) {
            if (!one.threads[i].asleep) return false;
        }
        gate::pause_a_moment();
        gate::detail::look(other);
        return gate::detail::same(one, other);
    });
}

int main(int count, char**) {
    pthread_t threads[8];
    pthread_barrier_init(&g_start, nullptr, 2);
    sem_init(&g_slots, 0, 0);
    if (count > 1) {
        for (void* (*const routine)(void*) : {digger<0>, digger<1>, digger<2>})
            pthread_create(&threads[0], nullptr, routine, nullptr);
        await_stuck();
        gate::say("stuck\n");
        pause();
    }
    if (pipe(g_pipe) != 0) return 1;
    loiter_name_lock(&g_accounts, "accounts of the bank");
    void* (*const routines[])(void*) = {teller, auditor, worker, worker, reader, writer, leaver};
    for (int i = 0; i < 7; ++i) {
        loiter_set_label(i < 4 ? "at the counter" : "in the cellar");
        pthread_create(&threads[i], nullptr, routines[i], nullptr);
    }
    pthread_create(&threads[7], nullptr, heir, &threads[6]);
    await_stuck();
    gate::say("stuck\n");
    pause();
}
