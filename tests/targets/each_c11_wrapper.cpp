// SPDX-License-Identifier: Apache-2.0
//
// The rows of each_wrapper that other names have: C11's, and those of binaries linked long ago.
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "tests/targets/each_wrapper.h"

extern "C" {
#define OLD_NAME(name)         \
    decltype(name) old_##name; \
    __asm__(".symver old_" #name ",__" #name "@GLIBC_2.2.5")
OLD_NAME(pthread_mutex_init);
OLD_NAME(pthread_mutex_destroy);
OLD_NAME(pthread_mutex_lock);
OLD_NAME(pthread_mutex_trylock);
OLD_NAME(pthread_mutex_unlock);
OLD_NAME(pthread_rwlock_init);
OLD_NAME(pthread_rwlock_destroy);
OLD_NAME(pthread_rwlock_rdlock);
OLD_NAME(pthread_rwlock_tryrdlock);
OLD_NAME(pthread_rwlock_wrlock);
OLD_NAME(pthread_rwlock_trywrlock);
OLD_NAME(pthread_rwlock_unlock);
OLD_NAME(pthread_once);
}

namespace {

mtx_t mutex;
cnd_t condition;
once_flag flag = ONCE_FLAG_INIT;
thrd_t brief;    ///< a thread that ends
thrd_t endless;  ///< one that does not
pthread_mutex_t old_mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t old_rwlock = PTHREAD_RWLOCK_INITIALIZER;
pthread_once_t old_once = PTHREAD_ONCE_INIT;

int never_ends(void*) {
    gate::Flag().await_open();
    return 0;
}
int ends(void*) {
    return 0;
}

thrd_t create(thrd_start_t start) {
    thrd_t thread;
    if (thrd_create(&thread, start, nullptr) != thrd_success) abort();
    return thread;
}
void make_brief() {
    brief = create(ends);
    gate::await_thread_count(2);
}

void lock_mutex() {
    mtx_lock(&mutex);
}

timespec an_hour_from_now() {
    timespec time;
    timespec_get(&time, TIME_UTC);
    time.tv_sec += 3600;
    return time;
}
const timespec far = an_hour_from_now();

/// A waiter whose leaving cnd_destroy waits for.
int wait_on_condition(void*) {
    mtx_lock(&mutex);
    for (;;) cnd_wait(&condition, &mutex);
}

void in_c11_initializer() {
    say("done", line, &flag, __FILE__);
    gate::Flag().await_open();
}
void in_old_initializer() {
    say("done", line, &old_once, __FILE__);
    gate::Flag().await_open();
}

std::map<std::string, Row> thread_rows() {
    return {
        {"thrd_create", {[] { AT(nullptr, create(never_ends)); }, {}}},
        {"thrd_join",
         {[] {
              make_brief();
              AT(nullptr, thrd_join(brief, nullptr));
          },
          [] { AT(nullptr, thrd_join(endless, nullptr)); }, [] { endless = create(never_ends); }}},
        {"thrd_detach",
         {[] {
              make_brief();
              AT(nullptr, thrd_detach(brief));
          },
          {}}},
        {"thrd_exit", {[] { AT(nullptr, thrd_exit(0)); }, {}}},
        {"thrd_sleep",
         {[] {
              const timespec moment{0, 1};
              AT(nullptr, thrd_sleep(&moment, nullptr));
          },
          [] {
              const timespec hour{3600, 0};
              AT(nullptr, thrd_sleep(&hour, nullptr));
          }}},
        {"call_once",
         {[] { AT(&flag, call_once(&flag, in_c11_initializer)); },
          [] { AT(&flag, call_once(&flag, in_c11_initializer)); },
          [] {
              create([](void*) { return call_once(&flag, in_c11_initializer), 0; });
              gate::await([] { return flag.__data != 0; });
          }}},
    };
}

std::map<std::string, Row> mutex_rows() {
    return {
        {"mtx_init", {[] { AT(&mutex, mtx_init(&mutex, mtx_plain)); }, {}}},
        {"mtx_destroy", {[] { AT(&mutex, mtx_destroy(&mutex)); }, {}}},
        {"mtx_lock", {[] { AT(&mutex, mtx_lock(&mutex)); }, [] { AT(&mutex, mtx_lock(&mutex)); }, lock_mutex}},
        {"mtx_trylock", {[] { AT(&mutex, mtx_trylock(&mutex)); }, {}}},
        {"mtx_timedlock",
         {[] { AT(&mutex, mtx_timedlock(&mutex, &far)); }, [] { AT(&mutex, mtx_timedlock(&mutex, &far)); },
          lock_mutex}},
        {"mtx_unlock",
         {[] {
              mtx_lock(&mutex);
              AT(&mutex, mtx_unlock(&mutex));
          },
          {}}},
    };
}

std::map<std::string, Row> condition_rows() {
    return {
        {"cnd_init", {[] { AT(&condition, cnd_init(&condition)); }, {}}},
        {"cnd_destroy",
         {[] { AT(&condition, cnd_destroy(&condition)); }, [] { AT(&condition, cnd_destroy(&condition)); },
          [] {
              create(wait_on_condition);
              gate::await_others_blocked(1);
          }}},
        {"cnd_wait",
         {[] {
              mtx_lock(&mutex);
              create([](void*) {
                  gate::await([] { return cnd_signal(&condition), false; });
                  return 0;
              });
              AT(&condition, cnd_wait(&condition, &mutex));
          },
          [] {
              mtx_lock(&mutex);
              AT(&condition, cnd_wait(&condition, &mutex));
          }}},
        {"cnd_timedwait",
         {[] {
              mtx_lock(&mutex);
              const timespec past{};
              AT(&condition, cnd_timedwait(&condition, &mutex, &past));
          },
          [] {
              mtx_lock(&mutex);
              AT(&condition, cnd_timedwait(&condition, &mutex, &far));
          }}},
        {"cnd_signal", {[] { AT(&condition, cnd_signal(&condition)); }, {}}},
        {"cnd_broadcast", {[] { AT(&condition, cnd_broadcast(&condition)); }, {}}},
    };
}

std::map<std::string, Row> old_mutex_rows() {
    const auto lock = [] { old_pthread_mutex_lock(&old_mutex); };
    return {
        {"__pthread_mutex_init", {[] { AT(&old_mutex, old_pthread_mutex_init(&old_mutex, nullptr)); }, {}}},
        {"__pthread_mutex_destroy", {[] { AT(&old_mutex, old_pthread_mutex_destroy(&old_mutex)); }, {}}},
        {"__pthread_mutex_lock",
         {[] { AT(&old_mutex, old_pthread_mutex_lock(&old_mutex)); },
          [] { AT(&old_mutex, old_pthread_mutex_lock(&old_mutex)); }, lock}},
        {"__pthread_mutex_trylock", {[] { AT(&old_mutex, old_pthread_mutex_trylock(&old_mutex)); }, {}}},
        {"__pthread_mutex_unlock",
         {[lock] {
              lock();
              AT(&old_mutex, old_pthread_mutex_unlock(&old_mutex));
          },
          {}}},
        {"__pthread_once",
         {[] { AT(&old_once, old_pthread_once(&old_once, in_old_initializer)); },
          [] { AT(&old_once, old_pthread_once(&old_once, in_old_initializer)); },
          [] {
              create([](void*) { return old_pthread_once(&old_once, in_old_initializer), 0; });
              gate::await([] { return old_once != PTHREAD_ONCE_INIT; });
          }}},
    };
}

std::map<std::string, Row> old_rwlock_rows() {
    const auto lock = [] { old_pthread_rwlock_wrlock(&old_rwlock); };
    return {
        {"__pthread_rwlock_init", {[] { AT(&old_rwlock, old_pthread_rwlock_init(&old_rwlock, nullptr)); }, {}}},
        {"__pthread_rwlock_destroy", {[] { AT(&old_rwlock, old_pthread_rwlock_destroy(&old_rwlock)); }, {}}},
        {"__pthread_rwlock_rdlock",
         {[] { AT(&old_rwlock, old_pthread_rwlock_rdlock(&old_rwlock)); },
          [] { AT(&old_rwlock, old_pthread_rwlock_rdlock(&old_rwlock)); }, lock}},
        {"__pthread_rwlock_tryrdlock", {[] { AT(&old_rwlock, old_pthread_rwlock_tryrdlock(&old_rwlock)); }, {}}},
        {"__pthread_rwlock_wrlock",
         {[] { AT(&old_rwlock, old_pthread_rwlock_wrlock(&old_rwlock)); },
          [] { AT(&old_rwlock, old_pthread_rwlock_wrlock(&old_rwlock)); }, lock}},
        {"__pthread_rwlock_trywrlock", {[] { AT(&old_rwlock, old_pthread_rwlock_trywrlock(&old_rwlock)); }, {}}},
        {"__pthread_rwlock_unlock",
         {[lock] {
              lock();
              AT(&old_rwlock, old_pthread_rwlock_unlock(&old_rwlock));
          },
          {}}},
    };
}

std::map<std::string, Row> together(std::initializer_list<std::map<std::string, Row>> parts) {
    std::map<std::string, Row> rows;
    for (const auto& some : parts) rows.insert(some.begin(), some.end());
    return rows;
}

}  // namespace

std::map<std::string, Row> c11_rows() {
    mtx_init(&mutex, mtx_timed);
    cnd_init(&condition);
    return together({thread_rows(), mutex_rows(), condition_rows()});
}

std::map<std::string, Row> old_name_rows() {
    return together({old_mutex_rows(), old_rwlock_rows()});
}
