// SPDX-License-Identifier: Apache-2.0
//
// What operations on threads return, and on what belongs to threads.
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "tests/pitfalls/semantics.h"

namespace semantics {
namespace {

int initialized = 0;

void say_once() {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    static pthread_once_t thrown = PTHREAD_ONCE_INIT;
    for (int i = 0; i < 2; ++i) say_of("once", [] { return pthread_once(&once, [] { ++initialized; }); });
    for (int i = 0; i < 3; ++i) {
        try {
            say_of("once that throws", [] {
                return pthread_once(&thrown, [] {
                    if (++initialized < 4) throw 1;
                });
            });
        } catch (int) {
            say("once that throws", "thrown");
        }
    }
    // A thread that is cancelled in an initializer leaves it to the next one.
    static pthread_once_t cancelled = PTHREAD_ONCE_INIT;
    elsewhere([] {
        pthread_once(&cancelled, [] {
            ++initialized;
            pthread_cancel(pthread_self());
            pthread_testcancel();
        });
    });
    say_of("once that was cancelled", [] { return pthread_once(&cancelled, [] { ++initialized; }); });
    say("initialized", std::to_string(initialized));
}

void* answer(void* argument) {
    return argument;
}

void* wait_for_token(void* token) {
    while (sem_wait(static_cast<sem_t*>(token)) != 0) continue;
    return token;
}

void say_thread() {
    static sem_t token;  // a detached thread may still be at it after the end of this function
    check(sem_init(&token, 0, 0) == 0);
    pthread_t thread;
    void* result = nullptr;
    const timespec monotonic = soon(CLOCK_MONOTONIC);
    say_of("thread, create", [&] { return pthread_create(&thread, nullptr, wait_for_token, &token); });
    say_of("thread, tryjoin", [&] { return pthread_tryjoin_np(thread, &result); });
    say_of("thread, timedjoin", [&] { return pthread_timedjoin_np(thread, &result, &past); });
    say_of("thread, clockjoin", [&] { return pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, &monotonic); });
    say_of("thread, join of itself", [&] { return pthread_join(pthread_self(), nullptr); });
    check(sem_post(&token) == 0);
    say_of("thread, join", [&] { return pthread_join(thread, &result); });
    say("thread, result", result == &token ? "its own" : "another");
    check(pthread_create(&thread, nullptr, wait_for_token, &token) == 0);
    say_of("thread, detach", [&] { return pthread_detach(thread); });
    say_of("thread, detach again", [&] { return pthread_detach(thread); });
    say_of("thread, join detached", [&] { return pthread_join(thread, nullptr); });
    check(sem_post(&token) == 0);
    pthread_attr_t attributes;
    check(pthread_attr_init(&attributes) == 0);
    say_of("thread, stack too small", [&] { return pthread_attr_setstacksize(&attributes, 1000); });
    check(pthread_attr_setstacksize(&attributes, size_t{1} << 62) == 0);
    say_of("thread, stack too large", [&] { return pthread_create(&thread, &attributes, answer, nullptr); });
    say_of("thread, name too long", [] { return pthread_setname_np(pthread_self(), "a name of more than 15"); });
}

void say_c11() {
    mtx_t mutex;
    for (const int type : {static_cast<int>(mtx_plain), static_cast<int>(mtx_timed), mtx_timed | mtx_recursive, 99}) {
        const std::string name = "mtx " + std::to_string(type);
        say_of(name + ", init", [&] { return mtx_init(&mutex, type); });
        if (type == 99) continue;
        say_of(name + ", lock", [&] { return mtx_lock(&mutex); });
        elsewhere([&] {
            say_of(name + ", another's, trylock", [&] { return mtx_trylock(&mutex); });
            if (type != mtx_plain)
                say_of(name + ", another's, timedlock", [&] { return mtx_timedlock(&mutex, &past); });
        });
        say_of(name + ", unlock", [&] { return mtx_unlock(&mutex); });
        mtx_destroy(&mutex);
    }
    check(mtx_init(&mutex, mtx_plain) == thrd_success && mtx_lock(&mutex) == thrd_success);
    cnd_t condition;
    say_of("cnd, init", [&] { return cnd_init(&condition); });
    say_of("cnd, signal", [&] { return cnd_signal(&condition); });
    say_of("cnd, timedwait", [&] { return cnd_timedwait(&condition, &mutex, &past); });
    thrd_t thread;
    int result = 0;
    say_of("thrd, create", [&] {
        return thrd_create(
            &thread, [](void*) { return 42; }, nullptr);
    });
    say_of("thrd, join", [&] { return thrd_join(thread, &result); });
    say("thrd, result", std::to_string(result));
    const timespec nothing{0, 0};
    const timespec wrong{0, -1};
    say_of("thrd, sleep", [&] { return thrd_sleep(&nothing, nullptr); });
    say_of("thrd, sleep wrongly", [&] { return thrd_sleep(&wrong, nullptr) < -1 ? EINVAL : 0; });
}

/// Values of keys are told to their destructors, again as long as there are some, four times at most.
void say_keys() {
    static pthread_key_t key;
    static int rounds = 0;
    check(pthread_key_create(&key, [](void* value) {
              ++rounds;
              static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
              check(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
              check(pthread_setspecific(key, value) == 0);
          }) == 0);
    elsewhere([] { check(pthread_setspecific(key, &key) == 0); });
    say("key, rounds of its destructor", std::to_string(rounds));
    say_of("key, delete", [] { return pthread_key_delete(key); });
    say_of("key, delete again", [] { return pthread_key_delete(key); });
    say_of("key, set deleted", [] { return pthread_setspecific(key, &key); });
}

struct Shared {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    pthread_barrier_t barrier;
    sem_t semaphore;
    int turn;
};

/// Objects that two processes share; the child dies with a robust mutex locked.
void say_shared() {
    auto* const shared =
        static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    pthread_mutexattr_t of_mutex;
    check(pthread_mutexattr_init(&of_mutex) == 0);
    check(pthread_mutexattr_setpshared(&of_mutex, PTHREAD_PROCESS_SHARED) == 0);
    check(pthread_mutexattr_setrobust(&of_mutex, PTHREAD_MUTEX_ROBUST) == 0);
    check(pthread_mutex_init(&shared->mutex, &of_mutex) == 0);
    pthread_condattr_t of_condition;
    check(pthread_condattr_init(&of_condition) == 0);
    check(pthread_condattr_setpshared(&of_condition, PTHREAD_PROCESS_SHARED) == 0);
    check(pthread_cond_init(&shared->condition, &of_condition) == 0);
    pthread_barrierattr_t of_barrier;
    check(pthread_barrierattr_init(&of_barrier) == 0);
    check(pthread_barrierattr_setpshared(&of_barrier, PTHREAD_PROCESS_SHARED) == 0);
    check(pthread_barrier_init(&shared->barrier, &of_barrier, 2) == 0);
    check(sem_init(&shared->semaphore, 1, 0) == 0);
    std::fflush(stdout);
    const pid_t child = fork();
    const int me = child == 0 ? 1 : 0;
    for (int i = 0; i < 100; ++i) {
        check(pthread_mutex_lock(&shared->mutex) == 0);
        while (shared->turn % 2 != me) check(pthread_cond_wait(&shared->condition, &shared->mutex) == 0);
        ++shared->turn;
        check(pthread_cond_signal(&shared->condition) == 0 && pthread_mutex_unlock(&shared->mutex) == 0);
    }
    const int serial = pthread_barrier_wait(&shared->barrier);
    check(serial == 0 || serial == PTHREAD_BARRIER_SERIAL_THREAD);
    if (child == 0) {
        check(pthread_mutex_lock(&shared->mutex) == 0 && sem_post(&shared->semaphore) == 0);
        _exit(0);
    }
    check(sem_wait(&shared->semaphore) == 0 && waitpid(child, nullptr, 0) == child);
    say("shared, turns", std::to_string(shared->turn));
    say_of("shared mutex of a dead process, lock", [=] { return pthread_mutex_lock(&shared->mutex); });
    say_of("shared mutex of a dead process, consistent", [=] { return pthread_mutex_consistent(&shared->mutex); });
    say_of("shared mutex, unlock", [=] { return pthread_mutex_unlock(&shared->mutex); });
}

/// State and type of cancellation are what they were; a cancelled wait for a condition has the mutex again.
void say_cancellation() {
    int before = -1;
    say_of("cancel state, set", [&] { return pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before); });
    say("cancel state, before", std::to_string(before));
    say_of("cancel state, set wrongly", [&] { return pthread_setcancelstate(77, &before); });
    check(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &before) == 0);
    say("cancel state, disabled", std::to_string(before));
    elsewhere([] {  // cancelled while it may not be, in calls that are cancellation points
        int ignored = 0;
        check(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored) == 0 && pthread_cancel(pthread_self()) == 0);
        sem_t none;
        check(sem_init(&none, 0, 0) == 0);
        say_of("cancelled but not yet, timedwait", [&] { return sem_timedwait(&none, &past); });
        const timespec nothing{0, 1};
        say_of("cancelled but not yet, nanosleep", [&] { return nanosleep(&nothing, nullptr); });
        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        check(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored) == 0);
        const std::string locked = told([&] { return pthread_mutex_lock(&mutex); });
        const std::string unlocked = told([&] { return pthread_mutex_unlock(&mutex); });
        check(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored) == 0);
        say("cancelled, mutex lock and unlock", locked + " " + unlocked);  // which may write, and so be cancelled
        check(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored) == 0);
        pthread_testcancel();
        say("cancelled", "not at all");
    });
}

}  // namespace

void say_of_threads() {
    say_once();
    say_thread();
    say_c11();
    say_keys();
    say_shared();
    say_cancellation();
}

}  // namespace semantics
