// SPDX-License-Identifier: Apache-2.0
//
// What each operation on threads' objects returns, in each state that the object can be in, a line each. Only what
// is defined, or what glibc says that it does: no line may depend on who is faster.
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/pitfalls/semantics.h"

namespace {

using namespace semantics;

struct Kind {
    const char* name;
    int type;
    bool is_robust;
    int protocol;
    bool is_shared;
};
constexpr Kind kKinds[] = {{"normal", PTHREAD_MUTEX_NORMAL, false, PTHREAD_PRIO_NONE, false},
                           {"recursive", PTHREAD_MUTEX_RECURSIVE, false, PTHREAD_PRIO_NONE, false},
                           {"errorcheck", PTHREAD_MUTEX_ERRORCHECK, false, PTHREAD_PRIO_NONE, false},
                           {"adaptive", PTHREAD_MUTEX_ADAPTIVE_NP, false, PTHREAD_PRIO_NONE, false},
                           {"robust", PTHREAD_MUTEX_NORMAL, true, PTHREAD_PRIO_NONE, false},
                           {"robust errorcheck", PTHREAD_MUTEX_ERRORCHECK, true, PTHREAD_PRIO_NONE, false},
                           {"robust recursive", PTHREAD_MUTEX_RECURSIVE, true, PTHREAD_PRIO_NONE, true},
                           {"inheriting", PTHREAD_MUTEX_NORMAL, false, PTHREAD_PRIO_INHERIT, false},
                           {"inheriting errorcheck", PTHREAD_MUTEX_ERRORCHECK, false, PTHREAD_PRIO_INHERIT, false},
                           {"inheriting recursive", PTHREAD_MUTEX_RECURSIVE, false, PTHREAD_PRIO_INHERIT, false},
                           {"inheriting robust", PTHREAD_MUTEX_ERRORCHECK, true, PTHREAD_PRIO_INHERIT, true},
                           {"protected", PTHREAD_MUTEX_NORMAL, false, PTHREAD_PRIO_PROTECT, false},
                           {"shared", PTHREAD_MUTEX_ERRORCHECK, false, PTHREAD_PRIO_NONE, true}};

struct Mutex {
    explicit Mutex(const Kind& kind) {
        pthread_mutexattr_t attributes;
        check(pthread_mutexattr_init(&attributes) == 0);
        check(pthread_mutexattr_settype(&attributes, kind.type) == 0);
        check(pthread_mutexattr_setprotocol(&attributes, kind.protocol) == 0);
        if (kind.is_robust) check(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
        if (kind.is_shared) check(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
        error = pthread_mutex_init(&mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    pthread_mutex_t mutex{};
    int error = 0;
};

/// Those which wait are called only where they do not wait for ever.
void say_tries(const std::string& when, pthread_mutex_t* mutex) {
    const auto undo = [&](int error) {
        if (error == 0) check(pthread_mutex_unlock(mutex) == 0);
        return error;
    };
    const timespec monotonic = soon(CLOCK_MONOTONIC);
    say_of(when + ", trylock", [&] { return undo(pthread_mutex_trylock(mutex)); });
    say_of(when + ", timedlock", [&] { return undo(pthread_mutex_timedlock(mutex, &past)); });
    say_of(when + ", timedlock invalid", [&] { return undo(pthread_mutex_timedlock(mutex, &invalid)); });
    say_of(when + ", clocklock", [&] { return undo(pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &monotonic)); });
    say_of(when + ", clocklock of no clock", [&] { return undo(pthread_mutex_clocklock(mutex, 77, &past)); });
}

void say_mutex(const Kind& kind) {
    const std::string name = std::string(kind.name) + " mutex";
    Mutex one(kind);
    pthread_mutex_t* const mutex = &one.mutex;
    say(name + ", init", name_of(one.error));
    if (one.error != 0) return;
    const bool tells_owner =
        kind.type == PTHREAD_MUTEX_ERRORCHECK || kind.type == PTHREAD_MUTEX_RECURSIVE || kind.is_robust;
    say_tries(name + ", free", mutex);
    if (tells_owner) say_of(name + ", free, unlock", [=] { return pthread_mutex_unlock(mutex); });
    say_of(name + ", free, lock", [=] { return pthread_mutex_lock(mutex); });
    say_tries(name + ", own", mutex);
    if (kind.type != PTHREAD_MUTEX_NORMAL && kind.type != PTHREAD_MUTEX_ADAPTIVE_NP) {
        say_of(name + ", own, lock", [=] { return pthread_mutex_lock(mutex); });
        if (kind.type == PTHREAD_MUTEX_RECURSIVE) check(pthread_mutex_unlock(mutex) == 0);
    }
    // A robust one would be destroyed.
    if (!kind.is_robust) say_of(name + ", own, destroy", [=] { return pthread_mutex_destroy(mutex); });
    elsewhere([&] {
        say_tries(name + ", another's", mutex);
        if (tells_owner) say_of(name + ", another's, unlock", [=] { return pthread_mutex_unlock(mutex); });
    });
    say_of(name + ", own, unlock", [=] { return pthread_mutex_unlock(mutex); });
    if (!kind.is_robust) {
        say_of(name + ", free, destroy", [=] { return pthread_mutex_destroy(mutex); });
        return;
    }
    elsewhere([=] { check(pthread_mutex_lock(mutex) == 0); });
    say_of(name + ", of the dead, lock", [=] { return pthread_mutex_lock(mutex); });
    say_of(name + ", of the dead, consistent", [=] { return pthread_mutex_consistent(mutex); });
    say_of(name + ", consistent again", [=] { return pthread_mutex_consistent(mutex); });
    say_of(name + ", consistent, unlock", [=] { return pthread_mutex_unlock(mutex); });
    elsewhere([=] { check(pthread_mutex_lock(mutex) == 0); });
    say_of(name + ", of the dead, trylock", [=] { return pthread_mutex_trylock(mutex); });
    say_of(name + ", given up, unlock", [=] { return pthread_mutex_unlock(mutex); });
    say_of(name + ", given up, lock", [=] { return pthread_mutex_lock(mutex); });
    say_of(name + ", given up, trylock", [=] { return pthread_mutex_trylock(mutex); });
    say_of(name + ", given up, timedlock", [=] { return pthread_mutex_timedlock(mutex, &past); });
}

void say_condition(const Kind& kind) {
    const std::string name = std::string("condition with ") + kind.name + " mutex";
    Mutex one(kind);
    if (one.error != 0) return;
    pthread_mutex_t* const mutex = &one.mutex;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    const bool tells_owner = kind.type == PTHREAD_MUTEX_ERRORCHECK;
    say_of(name + ", signal", [&] { return pthread_cond_signal(&condition); });
    say_of(name + ", broadcast", [&] { return pthread_cond_broadcast(&condition); });
    if (tells_owner)
        say_of(name + ", wait without it", [&] { return pthread_cond_timedwait(&condition, mutex, &past); });
    check(pthread_mutex_lock(mutex) == 0);
    const timespec monotonic = soon(CLOCK_MONOTONIC);
    say_of(name + ", timedwait", [&] { return pthread_cond_timedwait(&condition, mutex, &past); });
    say_of(name + ", timedwait invalid", [&] { return pthread_cond_timedwait(&condition, mutex, &invalid); });
    say_of(name + ", clockwait",
           [&] { return pthread_cond_clockwait(&condition, mutex, CLOCK_MONOTONIC, &monotonic); });
    say_of(name + ", clockwait of no clock", [&] { return pthread_cond_clockwait(&condition, mutex, 77, &past); });
    elsewhere([=] { say_of("it is locked again, trylock", [=] { return pthread_mutex_trylock(mutex); }); });

    // The mutex is given up in the wait: who signals has it.
    struct {
        pthread_mutex_t* mutex;
        pthread_cond_t* condition;
        bool is_set;
    } shared{mutex, &condition, false};
    pthread_t signaller;
    check(pthread_create(
              &signaller, nullptr,
              [](void* argument) -> void* {
                  auto* const all = static_cast<decltype(shared)*>(argument);
                  check(pthread_mutex_lock(all->mutex) == 0);
                  all->is_set = true;
                  check(pthread_cond_signal(all->condition) == 0 && pthread_mutex_unlock(all->mutex) == 0);
                  return nullptr;
              },
              &shared) == 0);
    int error = 0;
    errno = kUntouched;
    while (!shared.is_set && error == 0) error = pthread_cond_wait(&condition, mutex);
    say(name + ", wait", std::string(name_of(error)) + (errno == kUntouched ? "" : " and errno"));
    check(pthread_mutex_unlock(mutex) == 0 && pthread_join(signaller, nullptr) == 0);
    say_of(name + ", destroy", [&] { return pthread_cond_destroy(&condition); });
}

void say_rwlock(const char* kind, int preference, bool is_shared) {
    const std::string name = std::string(kind) + " rwlock";
    pthread_rwlockattr_t attributes;
    check(pthread_rwlockattr_init(&attributes) == 0);
    check(pthread_rwlockattr_setkind_np(&attributes, preference) == 0);
    check(pthread_rwlockattr_setpshared(&attributes, is_shared ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE) ==
          0);
    pthread_rwlock_t rwlock;
    say_of(name + ", init", [&] { return pthread_rwlock_init(&rwlock, &attributes); });
    const auto say_all = [&](const std::string& when) {
        const auto undo = [&](int error) {
            if (error == 0) check(pthread_rwlock_unlock(&rwlock) == 0);
            return error;
        };
        const timespec monotonic = soon(CLOCK_MONOTONIC);
        say_of(when + ", tryrdlock", [&] { return undo(pthread_rwlock_tryrdlock(&rwlock)); });
        say_of(when + ", trywrlock", [&] { return undo(pthread_rwlock_trywrlock(&rwlock)); });
        say_of(when + ", timedrdlock", [&] { return undo(pthread_rwlock_timedrdlock(&rwlock, &past)); });
        say_of(when + ", timedwrlock", [&] { return undo(pthread_rwlock_timedwrlock(&rwlock, &past)); });
        say_of(when + ", timedrdlock invalid", [&] { return undo(pthread_rwlock_timedrdlock(&rwlock, &invalid)); });
        say_of(when + ", timedwrlock invalid", [&] { return undo(pthread_rwlock_timedwrlock(&rwlock, &invalid)); });
        say_of(when + ", clockrdlock",
               [&] { return undo(pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, &monotonic)); });
        say_of(when + ", clockwrlock",
               [&] { return undo(pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, &monotonic)); });
        say_of(when + ", clockwrlock of no clock",
               [&] { return undo(pthread_rwlock_clockwrlock(&rwlock, 77, &past)); });
    };
    say_all(name + ", free");
    say_of(name + ", free, rdlock", [&] { return pthread_rwlock_rdlock(&rwlock); });
    say_of(name + ", read, rdlock", [&] { return pthread_rwlock_rdlock(&rwlock); });
    say_all(name + ", read");
    elsewhere([&] { say_all(name + ", read by another"); });
    check(pthread_rwlock_unlock(&rwlock) == 0);
    say_of(name + ", read, unlock", [&] { return pthread_rwlock_unlock(&rwlock); });
    say_of(name + ", free, wrlock", [&] { return pthread_rwlock_wrlock(&rwlock); });
    say_of(name + ", written, rdlock", [&] { return pthread_rwlock_rdlock(&rwlock); });
    say_of(name + ", written, wrlock", [&] { return pthread_rwlock_wrlock(&rwlock); });
    say_all(name + ", written");
    elsewhere([&] { say_all(name + ", written by another"); });
    say_of(name + ", written, unlock", [&] { return pthread_rwlock_unlock(&rwlock); });
    say_of(name + ", destroy", [&] { return pthread_rwlock_destroy(&rwlock); });
}

void say_semaphore() {
    sem_t semaphore;
    const timespec monotonic = soon(CLOCK_MONOTONIC);
    int value = 0;
    say_of("semaphore, init too large", [&] { return sem_init(&semaphore, 0, ~0U); });
    check(sem_init(&semaphore, 0, 1) == 0);
    say_of("semaphore of 1, wait", [&] { return sem_wait(&semaphore); });
    say_of("semaphore of 0, trywait", [&] { return sem_trywait(&semaphore); });
    say_of("semaphore of 0, timedwait", [&] { return sem_timedwait(&semaphore, &past); });
    say_of("semaphore of 0, timedwait invalid", [&] { return sem_timedwait(&semaphore, &invalid); });
    say_of("semaphore of 0, clockwait", [&] { return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &monotonic); });
    say_of("semaphore of 0, clockwait of no clock", [&] { return sem_clockwait(&semaphore, 77, &past); });
    say_of("semaphore of 0, post", [&] { return sem_post(&semaphore); });
    say_of("semaphore of 1, timedwait", [&] { return sem_timedwait(&semaphore, &past); });
    check(sem_getvalue(&semaphore, &value) == 0 && value == 0 && sem_destroy(&semaphore) == 0);
    check(sem_init(&semaphore, 0, 0x7fffffff) == 0);
    say_of("semaphore, post beyond its most", [&] { return sem_post(&semaphore); });
    say_of("semaphore that nobody made, open", [] { return sem_open("/loiter-no-such", 0) == SEM_FAILED ? -1 : 0; });
}

void say_barrier() {
    pthread_barrier_t barrier;
    say_of("barrier of none, init", [&] { return pthread_barrier_init(&barrier, nullptr, 0); });
    check(pthread_barrier_init(&barrier, nullptr, 1) == 0);
    say_of("barrier of one, wait", [&] { return pthread_barrier_wait(&barrier); });
    say_of("barrier, destroy", [&] { return pthread_barrier_destroy(&barrier); });
}

void say_spin() {
    pthread_spinlock_t spin;
    check(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
    say_of("spin lock, lock", [&] { return pthread_spin_lock(&spin); });
    elsewhere([&] { say_of("spin lock, another's, trylock", [&] { return pthread_spin_trylock(&spin); }); });
    say_of("spin lock, unlock", [&] { return pthread_spin_unlock(&spin); });
    say_of("spin lock, trylock", [&] { return pthread_spin_trylock(&spin); });
}

sigjmp_buf before_fault;

/// libc looks at the number first.
void say_signal_actions() {
    auto* const nowhere = reinterpret_cast<struct sigaction*>(8);
    const auto say_both = [=](const char* what, int signal) {
        const std::string name = std::string("sigaction of ") + what;
        for (const bool is_new : {true, false}) {
            if (sigsetjmp(before_fault, 1) != 0) {
                say(name, "faults");
                continue;
            }
            say_of(name, [=] { return sigaction(signal, is_new ? nowhere : nullptr, is_new ? nullptr : nowhere); });
        }
    };
    check(signal(SIGSEGV, [](int) { siglongjmp(before_fault, 1); }) != SIG_ERR);
    say_both("no signal", 99);
    say_both("none at all", 0);
    say_both("a negative one", -1);
    say_both("the one behind the last", _NSIG);
    say_both("libc's own", __SIGRTMIN);
    say_both("one that has none", SIGKILL);
    say_both("one to ask", SIGUSR1);
    say_both("another", SIGUSR2);
    check(signal(SIGSEGV, SIG_DFL) != SIG_ERR);
}

}  // namespace

int main() {
    for (const Kind& kind : kKinds) say_mutex(kind);
    for (const Kind& kind : kKinds) {
        // A recursive one is given up once in the wait, and those that protect cannot wait everywhere.
        if (kind.protocol != PTHREAD_PRIO_PROTECT) say_condition(kind);
    }
    say_rwlock("usual", PTHREAD_RWLOCK_PREFER_READER_NP, false);
    say_rwlock("writers'", PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP, false);
    say_rwlock("shared", PTHREAD_RWLOCK_PREFER_READER_NP, true);
    say_semaphore();
    say_barrier();
    say_spin();
    say_signal_actions();
    semantics::say_of_threads();
    std::printf("done\n");
    std::fflush(stdout);
    _exit(0);
}
