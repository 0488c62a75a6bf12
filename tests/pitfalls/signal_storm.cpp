// SPDX-License-Identifier: Apache-2.0
//
//     signal_storm CALLS
//
// Threads make the same calls again and again while each is interrupted by a timer of its own, thousands of
// times a second, so that a handler runs at any instruction of a wrapper; and the handler itself calls
// wrappers. Then the timers stop, the threads come to rest outside of any wrapper, and the process exits
// with 7: what is said of them then is what the storm has left behind.
// CALLS: mutex recursive rwlock condition semaphore futex read sleep create jump
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "tests/support/deadline.h"
#include "tests/support/gate.h"

namespace {

constexpr int kStatus = 7;
constexpr int kThreads = 3;
constexpr long kInterval = 60'000;  // ns
constexpr int kSignals = 500;       // to each thread

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
sem_t semaphore;
long guarded = 0;

std::atomic<long> operations{0};
gate::Crossing finished{kThreads + 1};

/// Of each thread: what only its handler uses.
thread_local sem_t handlers_semaphore;
thread_local volatile int signals_taken = 0;
thread_local sigjmp_buf out;
thread_local volatile sig_atomic_t may_jump = 0;
int handlers_pipe[2];

void check(bool holds) {
    if (!holds) abort();
}

/// Async-signal-safe calls of our table.
void handle(int) {
    const int saved = errno;
    signals_taken = signals_taken + 1;
    check(sem_post(&handlers_semaphore) == 0);
    check(write(handlers_pipe[1], "x", 1) == 1);
    char byte = 0;
    check(read(handlers_pipe[0], &byte, 1) == 1);
    poll(nullptr, 0, 0);
    errno = saved;
    if (may_jump == 0) return;
    may_jump = 0;  // siglongjmp unblocks the signal while it is still on this stack
    siglongjmp(out, 1);
}

void use_mutex() {
    check(pthread_mutex_lock(&mutex) == 0);
    ++guarded;
    check(pthread_mutex_unlock(&mutex) == 0);
    if (pthread_mutex_trylock(&mutex) == 0) check(pthread_mutex_unlock(&mutex) == 0);
}

void use_recursive() {
    check(pthread_mutex_lock(&recursive) == 0);
    check(pthread_mutex_lock(&recursive) == 0);
    ++guarded;
    check(pthread_mutex_unlock(&recursive) == 0);
    check(pthread_mutex_unlock(&recursive) == 0);
}

void use_rwlock() {
    check(pthread_rwlock_wrlock(&rwlock) == 0);
    ++guarded;
    check(pthread_rwlock_unlock(&rwlock) == 0);
    check(pthread_rwlock_rdlock(&rwlock) == 0);
    check(pthread_rwlock_unlock(&rwlock) == 0);
}

void use_condition() {
    const timespec deadline = time_from_now(CLOCK_REALTIME, 100'000);
    check(pthread_mutex_lock(&mutex) == 0);
    ++guarded;
    check(pthread_cond_broadcast(&condition) == 0);
    const int error = pthread_cond_timedwait(&condition, &mutex, &deadline);
    check(error == 0 || error == ETIMEDOUT);
    check(pthread_mutex_unlock(&mutex) == 0);
}

void use_semaphore() {
    while (sem_wait(&semaphore) != 0) check(errno == EINTR);
    check(sem_post(&semaphore) == 0);
}

void use_futex() {
    static std::atomic<int> word{0};
    const timespec timeout{0, 100'000};
    const long result = syscall(SYS_futex, &word, FUTEX_WAIT, 0, &timeout, nullptr, 0);
    check(result == 0 || errno == ETIMEDOUT || errno == EINTR);
    check(syscall(SYS_futex, &word, FUTEX_WAKE, 1, nullptr, nullptr, 0) >= 0);
}

void use_read() {
    static thread_local int ends[2] = {-1, -1};
    if (ends[0] < 0) check(pipe(ends) == 0);
    char bytes[3] = "";
    check(write(ends[1], "ab", 2) == 2);
    check(read(ends[0], bytes, 2) == 2 && bytes[0] == 'a' && bytes[1] == 'b');
}

void use_sleep() {
    const timespec time{0, 50'000};
    check(nanosleep(&time, nullptr) == 0 || errno == EINTR);
}

void* nothing(void* argument) {
    return argument;
}

void use_create() {
    pthread_t thread;
    void* result = nullptr;
    check(pthread_create(&thread, nullptr, nothing, &guarded) == 0);
    check(pthread_join(thread, &result) == 0 && result == &guarded);
}

/// A handler may jump out of async-signal-safe functions: here out of any instruction of their wrappers.
void use_jump() {
    static thread_local int ends[2] = {-1, -1};
    if (ends[0] < 0) check(pipe(ends) == 0);
    char byte = 0;
    if (sigsetjmp(out, 1) == 0) {
        may_jump = 1;
        const timespec time{0, 30'000};
        clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
        if (read(ends[0], &byte, 1) == 1) abort();  // nobody writes: only a jump ends it
        may_jump = 0;
    }
    may_jump = 0;
}

struct Calls {
    const char* name;
    void (*make)();
    bool counts;
};
constexpr Calls kCalls[] = {{"mutex", use_mutex, true},          {"recursive", use_recursive, true},
                            {"rwlock", use_rwlock, true},        {"condition", use_condition, true},
                            {"semaphore", use_semaphore, false}, {"futex", use_futex, false},
                            {"read", use_read, false},           {"sleep", use_sleep, false},
                            {"create", use_create, false},       {"jump", use_jump, false}};

timer_t start_timer() {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN;
    event._sigev_un._tid = gettid();
    timer_t timer{};
    const itimerspec interval{{0, kInterval}, {0, kInterval}};
    check(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    check(timer_settime(timer, 0, &interval, nullptr) == 0);
    return timer;
}

void* work(void* argument) {
    const auto& calls = *static_cast<const Calls*>(argument);
    check(sem_init(&handlers_semaphore, 0, 0) == 0);
    const timer_t timer = start_timer();
    while (signals_taken < kSignals) {
        calls.make();
        operations.fetch_add(1, std::memory_order_relaxed);
    }
    check(timer_delete(timer) == 0);
    int posts = 0;
    check(sem_getvalue(&handlers_semaphore, &posts) == 0 && posts == signals_taken);
    finished.arrive_and_await();
    for (;;) gate::pause_a_moment();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const Calls* chosen = nullptr;
    for (const Calls& calls : kCalls) {
        if (strcmp(calls.name, argv[1]) == 0) chosen = &calls;
    }
    if (chosen == nullptr) return 2;
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = SA_RESTART;
    check(sigaction(SIGRTMIN, &action, nullptr) == 0);
    check(sem_init(&semaphore, 0, 2) == 0 && pipe(handlers_pipe) == 0);
    for (int i = 0; i < kThreads; ++i) {
        pthread_t thread;
        check(pthread_create(&thread, nullptr, work, const_cast<Calls*>(chosen)) == 0);
        check(pthread_detach(thread) == 0);
    }
    finished.arrive_and_await();
    if (chosen->counts) check(guarded == operations.load());
    exit(kStatus);
}
