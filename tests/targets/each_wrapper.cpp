// SPDX-License-Identifier: Apache-2.0
//
// One interposed function at a time: `each_wrapper ROW free` calls it where it need not wait,
// `each_wrapper ROW blocked` where it waits for ever. The call is made by thread T2 (the main thread
// for calls that end the process). Says "at LINE OBJECT TID FILE" before the call and "done ..." after
// it; then stays as it is.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/targets/each_wrapper.h"

extern "C" {
int old_cond_init(pthread_cond_t*, const pthread_condattr_t*);
int old_cond_destroy(pthread_cond_t*);
int old_cond_wait(pthread_cond_t*, pthread_mutex_t*);
int old_cond_timedwait(pthread_cond_t*, pthread_mutex_t*, const timespec*);
int old_cond_signal(pthread_cond_t*);
int old_cond_broadcast(pthread_cond_t*);
// What the compiler calls for static locals.
int __cxa_guard_acquire(uint64_t* guard);
void __cxa_guard_release(uint64_t* guard) noexcept;
void __cxa_guard_abort(uint64_t* guard) noexcept;
}
__asm__(".symver old_cond_init,pthread_cond_init@GLIBC_2.2.5");
__asm__(".symver old_cond_destroy,pthread_cond_destroy@GLIBC_2.2.5");
__asm__(".symver old_cond_wait,pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_cond_timedwait,pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver old_cond_signal,pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver old_cond_broadcast,pthread_cond_broadcast@GLIBC_2.2.5");

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
pthread_cond_t old_condition;  ///< all zero is its initial value
sem_t semaphore;
pthread_t endless;  ///< a thread that does not end
pthread_t brief;    ///< a thread that does
timespec far;       ///< an hour from now, CLOCK_REALTIME
timespec far_monotonic;

pthread_spinlock_t spin;
pthread_barrier_t barrier;
pthread_once_t once = PTHREAD_ONCE_INIT;

void* never_ends(void*) {
    gate::Flag().await_open();
    return nullptr;
}
void* ends(void*) {
    return nullptr;
}

pthread_t create(void* (*start)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, start, nullptr) != 0) abort();
    return thread;
}

void lock_mutex() {
    pthread_mutex_lock(&mutex);
}
void write_lock() {
    pthread_rwlock_wrlock(&rwlock);
}
void make_endless() {
    endless = create(never_ends);
}

std::map<std::string, Row> mutex_rows() {
    return {
        {"pthread_mutex_init", {[] { AT(&mutex, pthread_mutex_init(&mutex, nullptr)); }, {}}},
        {"pthread_mutex_destroy", {[] { AT(&mutex, pthread_mutex_destroy(&mutex)); }, {}}},
        {"pthread_mutex_lock",
         {[] { AT(&mutex, pthread_mutex_lock(&mutex)); }, [] { AT(&mutex, pthread_mutex_lock(&mutex)); }, lock_mutex}},
        {"pthread_mutex_trylock", {[] { AT(&mutex, pthread_mutex_trylock(&mutex)); }, {}}},
        {"pthread_mutex_timedlock",
         {[] { AT(&mutex, pthread_mutex_timedlock(&mutex, &far)); },
          [] { AT(&mutex, pthread_mutex_timedlock(&mutex, &far)); }, lock_mutex}},
        {"pthread_mutex_clocklock",
         {[] { AT(&mutex, pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &far_monotonic)); },
          [] { AT(&mutex, pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &far_monotonic)); }, lock_mutex}},
        {"pthread_mutex_unlock",
         {[] {
              pthread_mutex_lock(&mutex);
              AT(&mutex, pthread_mutex_unlock(&mutex));
          },
          {}}},
    };
}

std::map<std::string, Row> rwlock_rows() {
    return {
        {"pthread_rwlock_init", {[] { AT(&rwlock, pthread_rwlock_init(&rwlock, nullptr)); }, {}}},
        {"pthread_rwlock_destroy", {[] { AT(&rwlock, pthread_rwlock_destroy(&rwlock)); }, {}}},
        {"pthread_rwlock_rdlock",
         {[] { AT(&rwlock, pthread_rwlock_rdlock(&rwlock)); }, [] { AT(&rwlock, pthread_rwlock_rdlock(&rwlock)); },
          write_lock}},
        {"pthread_rwlock_wrlock",
         {[] { AT(&rwlock, pthread_rwlock_wrlock(&rwlock)); }, [] { AT(&rwlock, pthread_rwlock_wrlock(&rwlock)); },
          write_lock}},
        {"pthread_rwlock_tryrdlock", {[] { AT(&rwlock, pthread_rwlock_tryrdlock(&rwlock)); }, {}}},
        {"pthread_rwlock_trywrlock", {[] { AT(&rwlock, pthread_rwlock_trywrlock(&rwlock)); }, {}}},
        {"pthread_rwlock_timedrdlock",
         {[] { AT(&rwlock, pthread_rwlock_timedrdlock(&rwlock, &far)); },
          [] { AT(&rwlock, pthread_rwlock_timedrdlock(&rwlock, &far)); }, write_lock}},
        {"pthread_rwlock_timedwrlock",
         {[] { AT(&rwlock, pthread_rwlock_timedwrlock(&rwlock, &far)); },
          [] { AT(&rwlock, pthread_rwlock_timedwrlock(&rwlock, &far)); }, write_lock}},
        {"pthread_rwlock_clockrdlock",
         {[] { AT(&rwlock, pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &far_monotonic)); },
          [] { AT(&rwlock, pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &far_monotonic)); }, write_lock}},
        {"pthread_rwlock_clockwrlock",
         {[] { AT(&rwlock, pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &far_monotonic)); },
          [] { AT(&rwlock, pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &far_monotonic)); }, write_lock}},
        {"pthread_rwlock_unlock",
         {[] {
              pthread_rwlock_rdlock(&rwlock);
              AT(&rwlock, pthread_rwlock_unlock(&rwlock));
          },
          {}}},
    };
}

/// A waiter whose leaving pthread_cond_destroy waits for.
void* wait_on_condition(void*) {
    pthread_mutex_lock(&mutex);
    for (;;) pthread_cond_wait(&condition, &mutex);
}
void with_waiter() {
    create(wait_on_condition);
    gate::await_others_blocked(1);
}

std::map<std::string, Row> condition_rows() {
    return {
        {"pthread_cond_init@new", {[] { AT(&condition, pthread_cond_init(&condition, nullptr)); }, {}}},
        {"pthread_cond_destroy@new",
         {[] { AT(&condition, pthread_cond_destroy(&condition)); },
          [] { AT(&condition, pthread_cond_destroy(&condition)); }, with_waiter}},
        {"pthread_cond_wait@new",
         {[] {
              pthread_mutex_lock(&mutex);
              create([](void*) -> void* {
                  gate::await([] { return pthread_cond_signal(&condition), false; });
                  return nullptr;
              });
              AT(&condition, pthread_cond_wait(&condition, &mutex));
          },
          [] {
              pthread_mutex_lock(&mutex);
              AT(&condition, pthread_cond_wait(&condition, &mutex));
          }}},
        {"pthread_cond_timedwait@new",
         {[] {
              pthread_mutex_lock(&mutex);
              const timespec past{};
              AT(&condition, pthread_cond_timedwait(&condition, &mutex, &past));
          },
          [] {
              pthread_mutex_lock(&mutex);
              AT(&condition, pthread_cond_timedwait(&condition, &mutex, &far));
          }}},
        {"pthread_cond_clockwait",
         {[] {
              pthread_mutex_lock(&mutex);
              const timespec past{};
              AT(&condition, pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &past));
          },
          [] {
              pthread_mutex_lock(&mutex);
              AT(&condition, pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &far_monotonic));
          }}},
        {"pthread_cond_signal@new", {[] { AT(&condition, pthread_cond_signal(&condition)); }, {}}},
        {"pthread_cond_broadcast@new", {[] { AT(&condition, pthread_cond_broadcast(&condition)); }, {}}},
    };
}

std::map<std::string, Row> old_condition_rows() {
    return {
        {"pthread_cond_init@old", {[] { AT(&old_condition, old_cond_init(&old_condition, nullptr)); }, {}}},
        {"pthread_cond_destroy@old", {[] { AT(&old_condition, old_cond_destroy(&old_condition)); }, {}}},
        {"pthread_cond_wait@old",
         {[] {
              pthread_mutex_lock(&mutex);
              create([](void*) -> void* {
                  gate::await([] { return old_cond_signal(&old_condition), false; });
                  return nullptr;
              });
              AT(&old_condition, old_cond_wait(&old_condition, &mutex));
          },
          [] {
              pthread_mutex_lock(&mutex);
              AT(&old_condition, old_cond_wait(&old_condition, &mutex));
          }}},
        {"pthread_cond_timedwait@old",
         {[] {
              pthread_mutex_lock(&mutex);
              const timespec past{};
              AT(&old_condition, old_cond_timedwait(&old_condition, &mutex, &past));
          },
          [] {
              pthread_mutex_lock(&mutex);
              AT(&old_condition, old_cond_timedwait(&old_condition, &mutex, &far));
          }}},
        {"pthread_cond_signal@old", {[] { AT(&old_condition, old_cond_signal(&old_condition)); }, {}}},
        {"pthread_cond_broadcast@old", {[] { AT(&old_condition, old_cond_broadcast(&old_condition)); }, {}}},
    };
}

void sem_unlink_and_open() {
    char name[32];
    snprintf(name, sizeof(name), "/each_wrapper_%d", getpid());
    if (sem_open(name, O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED) abort();
    sem_unlink(name);
}

std::map<std::string, Row> semaphore_rows() {
    const auto post = [] { sem_post(&semaphore); };
    return {
        {"sem_init", {[] { AT(&semaphore, sem_init(&semaphore, 0, 0)); }, {}}},
        {"sem_open", {[] { AT(nullptr, sem_unlink_and_open()); }, {}}},
        {"sem_destroy", {[] { AT(&semaphore, sem_destroy(&semaphore)); }, {}}},
        {"sem_post", {[] { AT(&semaphore, sem_post(&semaphore)); }, {}}},
        {"sem_trywait", {[] { AT(&semaphore, sem_trywait(&semaphore)); }, {}}},
        {"sem_wait",
         {[post] {
              post();
              AT(&semaphore, sem_wait(&semaphore));
          },
          [] { AT(&semaphore, sem_wait(&semaphore)); }}},
        {"sem_timedwait",
         {[post] {
              post();
              AT(&semaphore, sem_timedwait(&semaphore, &far));
          },
          [] { AT(&semaphore, sem_timedwait(&semaphore, &far)); }}},
        {"sem_clockwait",
         {[post] {
              post();
              AT(&semaphore, sem_clockwait(&semaphore, CLOCK_MONOTONIC, &far_monotonic));
          },
          [] { AT(&semaphore, sem_clockwait(&semaphore, CLOCK_MONOTONIC, &far_monotonic)); }}},
    };
}

std::map<std::string, Row> spin_rows() {
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    const auto lock = [] { pthread_spin_lock(&spin); };
    return {
        {"pthread_spin_init", {[] { AT(&spin, pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE)); }, {}}},
        {"pthread_spin_destroy", {[] { AT(&spin, pthread_spin_destroy(&spin)); }, {}}},
        {"pthread_spin_lock",
         {[] { AT(&spin, pthread_spin_lock(&spin)); }, [] { AT(&spin, pthread_spin_lock(&spin)); }, lock}},
        {"pthread_spin_trylock", {[] { AT(&spin, pthread_spin_trylock(&spin)); }, {}}},
        {"pthread_spin_unlock",
         {[lock] {
              lock();
              AT(&spin, pthread_spin_unlock(&spin));
          },
          {}}},
    };
}

void* come_to_barrier(void*) {
    pthread_barrier_wait(&barrier);
    return nullptr;
}

std::map<std::string, Row> barrier_rows() {
    pthread_barrier_init(&barrier, nullptr, 2);
    return {
        {"pthread_barrier_init", {[] { AT(&barrier, pthread_barrier_init(&barrier, nullptr, 2)); }, {}}},
        {"pthread_barrier_wait",
         {[] {
              create(come_to_barrier);
              AT(&barrier, pthread_barrier_wait(&barrier));
          },
          [] { AT(&barrier, pthread_barrier_wait(&barrier)); }}},
        {"pthread_barrier_destroy",
         {[] { AT(&barrier, pthread_barrier_destroy(&barrier)); },
          [] { AT(&barrier, pthread_barrier_destroy(&barrier)); },
          [] {
              create(come_to_barrier);
              gate::await_others_blocked(1);
          }}},
    };
}

void in_initializer() {
    say("done", line, &once, __FILE__);
    gate::Flag().await_open();
}

uint64_t guard = 0;  // of a static local

std::map<std::string, Row> once_rows() {
    const auto after_acquire = [](void (*end)()) {
        return Row{[end] {
                       __cxa_guard_acquire(&guard);
                       AT(&guard, end());
                   },
                   {}};
    };
    return {
        {"__cxa_guard_acquire",
         {[] { AT(&guard, __cxa_guard_acquire(&guard)); }, [] { AT(&guard, __cxa_guard_acquire(&guard)); },
          [] {
              create([](void*) -> void* {
                  __cxa_guard_acquire(&guard);
                  gate::Flag().await_open();
                  return nullptr;
              });
              gate::await([] { return guard != 0; });
          }}},
        {"__cxa_guard_release", after_acquire([] { __cxa_guard_release(&guard); })},
        {"__cxa_guard_abort", after_acquire([] { __cxa_guard_abort(&guard); })},
        {"pthread_once",
         {[] { AT(&once, pthread_once(&once, in_initializer)); },
          [] { AT(&once, pthread_once(&once, in_initializer)); },
          [] {
              create([](void*) -> void* { return pthread_once(&once, in_initializer), nullptr; });
              gate::await([] { return once != PTHREAD_ONCE_INIT; });
          }}},
    };
}

std::map<std::string, Row> thread_rows() {
    const auto make_brief = [] {
        brief = create(ends);
        gate::await_thread_count(2);
    };
    return {
        {"pthread_create", {[] { AT(nullptr, create(never_ends)); }, {}}},
        {"pthread_join",
         {[make_brief] {
              make_brief();
              AT(nullptr, pthread_join(brief, nullptr));
          },
          [] { AT(nullptr, pthread_join(endless, nullptr)); }, make_endless}},
        {"pthread_tryjoin_np",
         {[make_brief] {
              make_brief();
              AT(nullptr, pthread_tryjoin_np(brief, nullptr));
          },
          {}}},
        {"pthread_timedjoin_np",
         {[make_brief] {
              make_brief();
              AT(nullptr, pthread_timedjoin_np(brief, nullptr, &far));
          },
          [] { AT(nullptr, pthread_timedjoin_np(endless, nullptr, &far)); }, make_endless}},
        {"pthread_clockjoin_np",
         {[make_brief] {
              make_brief();
              AT(nullptr, pthread_clockjoin_np(brief, nullptr, CLOCK_MONOTONIC, &far_monotonic));
          },
          [] { AT(nullptr, pthread_clockjoin_np(endless, nullptr, CLOCK_MONOTONIC, &far_monotonic)); }, make_endless}},
        {"pthread_detach",
         {[make_brief] {
              make_brief();
              AT(nullptr, pthread_detach(brief));
          },
          {}}},
        {"pthread_setname_np", {[] { AT(nullptr, pthread_setname_np(pthread_self(), "renamed")); }, {}}},
        {"prctl", {[] { AT(nullptr, prctl(PR_SET_NAME, "renamed")); }, {}}},
        {"pthread_exit", {[] { AT(nullptr, pthread_exit(nullptr)); }, {}}},
    };
}

std::map<std::string, Row> sleep_rows() {
    static constexpr timespec kMoment{0, 1};
    static constexpr timespec kHour{3600, 0};
    return {
        {"nanosleep",
         {[] { AT(nullptr, nanosleep(&kMoment, nullptr)); }, [] { AT(nullptr, nanosleep(&kHour, nullptr)); }}},
        {"clock_nanosleep",
         {[] { AT(nullptr, clock_nanosleep(CLOCK_MONOTONIC, 0, &kMoment, nullptr)); },
          [] { AT(nullptr, clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &far_monotonic, nullptr)); }}},
        {"usleep", {[] { AT(nullptr, usleep(1)); }, [] { AT(nullptr, usleep(3600'000'000U)); }}},
        {"sleep", {[] { AT(nullptr, sleep(0)); }, [] { AT(nullptr, sleep(3600)); }}},
    };
}

/// The other operations are futex_calls.cpp's.
std::map<std::string, Row> futex_rows() {
    static uint32_t word = 0;
    return {{"syscall",
             {[] { AT(&word, syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1)); },
              [] { AT(&word, syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr)); }}}};
}

std::map<std::string, Row> all_rows() {
    std::map<std::string, Row> rows;
    for (auto&& some :
         {mutex_rows(), rwlock_rows(), condition_rows(), old_condition_rows(), semaphore_rows(), thread_rows(),
          sleep_rows(), futex_rows(), process_rows(), spin_rows(), barrier_rows(), once_rows(), c11_rows(),
          old_name_rows(), waker_rows(), polling_rows(), io_rows(), other_wait_rows()}) {
        rows.insert(some.begin(), some.end());
    }
    return rows;
}

std::function<void()> subject;

void* call_subject(void*) {
    subject();
    gate::Flag().await_open();
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const auto rows = all_rows();
    const auto found = rows.find(argv[1]);
    const bool blocked = strcmp(argv[2], "blocked") == 0;
    if (found == rows.end() || (blocked && !found->second.blocked)) return 2;

    clock_gettime(CLOCK_REALTIME, &far);
    clock_gettime(CLOCK_MONOTONIC, &far_monotonic);
    far.tv_sec += 3600;
    far_monotonic.tv_sec += 3600;
    if (blocked) found->second.prepare();
    subject = blocked ? found->second.blocked : found->second.free;
    if (found->second.by_main) subject();
    create(call_subject);
    gate::Flag().await_open();
}
