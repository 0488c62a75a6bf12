// SPDX-License-Identifier: Apache-2.0
//
// A thread in each of libc's waits, without any library of ours. Says "sitting" when all are; ends
// with status 0 on SIGTERM, with 4 if any of them came out of its wait before.
//
//   sitting_in_waits          main waits too
//   sitting_in_waits leave    main ends by pthread_exit while they sit
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <threads.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "tests/support/gate.h"

pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t g_pi_mutex;
pthread_mutex_t g_robust_mutex;
pthread_mutex_t g_retaken = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t g_free = PTHREAD_MUTEX_INITIALIZER;
mtx_t g_c11_mutex;
pthread_rwlock_t g_written = PTHREAD_RWLOCK_INITIALIZER;
pthread_rwlock_t g_read = PTHREAD_RWLOCK_INITIALIZER;
pthread_cond_t g_condition = PTHREAD_COND_INITIALIZER;
pthread_cond_t g_retaken_condition = PTHREAD_COND_INITIALIZER;
sem_t g_semaphore;
pthread_barrier_t g_barrier;
pthread_once_t g_once = PTHREAD_ONCE_INIT;

namespace {

pthread_t first;
pthread_t second;
int ends[2];

// What libc's functions go on to by a jump is then all that a stack shows of them.
decltype(&pthread_mutex_lock) volatile call_lock = pthread_mutex_lock;
decltype(&pthread_mutex_timedlock) volatile call_timed_lock = pthread_mutex_timedlock;
decltype(&sem_wait) volatile call_sem_wait = sem_wait;
decltype(&sem_timedwait) volatile call_sem_timed_wait = sem_timedwait;
decltype(&pthread_join) volatile call_join = pthread_join;
decltype(&pthread_once) volatile call_pthread_once = pthread_once;

timespec far_away() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += 10'000;
    return time;
}

void sit_for_ever() {
    char byte;
    if (read(ends[0], &byte, 1) != 0) _exit(4);
}

void in_mutex() {
    pthread_mutex_lock(&g_mutex);  // SITE(mutex) in_mutex
}
void in_pi_mutex() {
    pthread_mutex_lock(&g_pi_mutex);
}
void in_c11_mutex() {
    mtx_lock(&g_c11_mutex);
}
void in_timed_mutex() {
    const timespec deadline = far_away();
    pthread_mutex_timedlock(&g_mutex, &deadline);
}
void in_read() {
    pthread_rwlock_rdlock(&g_written);
}
void in_write() {
    pthread_rwlock_wrlock(&g_written);
}
void in_write_behind_reader() {
    pthread_rwlock_wrlock(&g_read);
}
void in_condition() {
    pthread_mutex_lock(&g_free);
    pthread_cond_wait(&g_condition, &g_free);
}
void in_timed_condition() {
    const timespec deadline = far_away();
    pthread_mutex_lock(&g_free);
    pthread_cond_timedwait(&g_condition, &g_free, &deadline);
}
void in_retaken() {
    pthread_mutex_lock(&g_retaken);
    pthread_cond_wait(&g_retaken_condition, &g_retaken);
}
void in_semaphore() {
    sem_wait(&g_semaphore);
}
void in_barrier() {
    pthread_barrier_wait(&g_barrier);
}
void in_join() {
    pthread_join(first, nullptr);
}
void in_once() {
    pthread_once(&g_once, sit_for_ever);
}
void in_called_pi_mutex() {
    call_lock(&g_pi_mutex);
}
void in_called_robust() {
    call_lock(&g_robust_mutex);
}
void in_called_timed() {
    const timespec deadline = far_away();
    call_timed_lock(&g_mutex, &deadline);
}
void in_called_semaphore() {
    call_sem_wait(&g_semaphore);
}
void in_called_timed_semaphore() {
    const timespec deadline = far_away();
    call_sem_timed_wait(&g_semaphore, &deadline);
}
void in_called_join() {
    call_join(second, nullptr);
}
void in_called_once() {
    call_pthread_once(&g_once, sit_for_ever);
}
void in_sleep() {
    sleep(10'000);
}

struct Row {
    const char* name;
    void (*sit)();
};

// The first two are joined by others; of "initializer" and "once" the earlier runs the routine.
constexpr Row kRows[] = {
    {"mutex", in_mutex},
    {"c11 mutex", in_c11_mutex},
    {"pi mutex", in_pi_mutex},
    {"timed mutex", in_timed_mutex},
    {"read", in_read},
    {"write", in_write},
    {"behind reader", in_write_behind_reader},
    {"condition", in_condition},
    {"timed cond", in_timed_condition},
    {"retaken", in_retaken},
    {"semaphore", in_semaphore},
    {"barrier", in_barrier},
    {"join", in_join},
    {"initializer", in_once},
    {"once", in_once},
    {"called pi", in_called_pi_mutex},
    {"called robust", in_called_robust},
    {"called timed", in_called_timed},
    {"called sem", in_called_semaphore},
    {"called timedsem", in_called_timed_semaphore},
    {"called join", in_called_join},
    {"called once", in_called_once},
    {"sleep", in_sleep},
    {"pipe", sit_for_ever},
};

/// The kernel gives such a mutex to the next one when its owner ends.
bool outlives_owner(const Row& row) {
    return row.sit == in_pi_mutex || row.sit == in_called_pi_mutex || row.sit == in_called_robust;
}

void* begin(void* argument) {
    const Row& row = *static_cast<const Row*>(argument);
    pthread_setname_np(pthread_self(), row.name);
    row.sit();
    _exit(4);
}

/// Every thread but this one slept at one moment.
void await_sitting(size_t others) {
    gate::detail::Sights one;
    gate::detail::Sights other;
    gate::await([&] {
        gate::detail::look(one);
        for (size_t i = 0; i < one.count; ++i) {
            if (!one.threads[i].asleep) return false;
        }
        gate::pause_a_moment();
        gate::detail::look(other);
        return one.count == others && gate::detail::same(one, other);
    });
}

void take_what_they_want() {
    pthread_mutexattr_t inherits;
    pthread_mutexattr_init(&inherits);
    pthread_mutexattr_setprotocol(&inherits, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&g_pi_mutex, &inherits);
    pthread_mutexattr_t is_robust;
    pthread_mutexattr_init(&is_robust);
    pthread_mutexattr_setrobust(&is_robust, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&g_robust_mutex, &is_robust);
    pthread_mutex_lock(&g_robust_mutex);
    mtx_init(&g_c11_mutex, mtx_plain);
    sem_init(&g_semaphore, 0, 0);
    pthread_barrier_init(&g_barrier, nullptr, 2);
    pthread_mutex_lock(&g_mutex);
    pthread_mutex_lock(&g_pi_mutex);
    mtx_lock(&g_c11_mutex);
    pthread_rwlock_wrlock(&g_written);
    pthread_rwlock_rdlock(&g_read);
}

}  // namespace

int main(int count, char** arguments) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    const bool leaves = count > 1 && std::strcmp(arguments[1], "leave") == 0;
    if (!leaves) sigprocmask(SIG_BLOCK, &signals, nullptr);
    if (pipe(ends) != 0) return 1;
    take_what_they_want();
    size_t started = 0;
    for (const Row& row : kRows) {
        if (leaves && outlives_owner(row)) continue;
        pthread_t thread;
        pthread_create(&thread, nullptr, begin, const_cast<Row*>(&row));
        if (started == 0) first = thread;
        if (started == 1) second = thread;
        // One after the other, so that "initializer" is in the routine before "once" comes.
        await_sitting(++started);
    }
    pthread_mutex_lock(&g_retaken);
    pthread_cond_signal(&g_retaken_condition);
    await_sitting(started);
    gate::say("sitting\n");
    if (leaves) pthread_exit(nullptr);
    int signal = 0;
    sigwait(&signals, &signal);
    _exit(0);
}
