// SPDX-License-Identifier: Apache-2.0
//
// Ways out of an initializer. `once_ends WAY` goes it, says "out TID" when it is over, or "in TID" where
// an outer initializer still runs, and stays as it is. WAY: throw, throw-deep (from more frames than stacks
// are recorded with), throw-in-nested, cancel, exit, create (its first thread, in the initializer), fork (the
// child says "out"), handler (of a thread that waits for an initializer, which runs another one; then the
// first ends), in-handler (the first goes on), exit-after-jump (a jump leads out of a nested one, which so
// stays begun; then the outer one is left), local-throw (that of a static local, in another one's), local-exit,
// local-fork
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "tests/support/gate.h"

namespace {

std::once_flag outer;
std::once_flag inner;
pthread_once_t plain = PTHREAD_ONCE_INIT;
sem_t never_posted;
int runs = 0;

void say_tid(const char* word) {
    char text[32];
    snprintf(text, sizeof(text), "%s %d\n", word, gettid());
    gate::say(text);
}

void stay(const char* word) {
    say_tid(word);
    gate::Flag().await_open();
}

void throw_first() {
    if (++runs == 1) throw runs;
}

void (*volatile throw_it)() = throw_first;
__attribute__((noinline)) void throw_from(int frames) {
    if (frames == 0) throw_it();
    if (frames > 0) throw_from(frames - 1);
    asm volatile("");  // no tail call
}
void throw_from_deep() {
    throw_from(300);
}

void leave_by_exception(void (*initializer)() = throw_first) {
    try {
        std::call_once(inner, initializer);
    } catch (int) {
    }
}

template <void (*initializer)()>
void* throw_out(void*) {
    leave_by_exception(initializer);
    if (runs != 1) abort();
    stay("out");
    return nullptr;
}

void* throw_out_of_nested(void*) {
    std::call_once(outer, [] {
        leave_by_exception();
        stay("in");
    });
    return nullptr;
}

jmp_buf out_of_nested;
pthread_once_t jumped = PTHREAD_ONCE_INIT;

void jump_out() {
    longjmp(out_of_nested, 1);
}
void leave_after_jump() {
    if (setjmp(out_of_nested) == 0) pthread_once(&jumped, jump_out);
    pthread_exit(nullptr);
}

void wait_for_ever() {
    sem_wait(&never_posted);
}
void leave_thread() {
    pthread_exit(nullptr);
}
void cleanup(void*) {
    stay("out");
}

template <void (*initializer)()>
void* be_unwound(void*) {
    pthread_cleanup_push(cleanup, nullptr);
    pthread_once(&plain, initializer);
    pthread_cleanup_pop(0);
    return nullptr;
}

void* nothing(void*) {
    return nullptr;
}

pthread_t start(void* (*routine)(void*)) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, nullptr) != 0) abort();
    return thread;
}

void in_thread(void* (*routine)(void*)) {
    start(routine);
    gate::Flag().await_open();
}

void cancel() {
    const pthread_t thread = start(be_unwound<wait_for_ever>);
    gate::await_others_blocked(1);
    pthread_cancel(thread);
    gate::Flag().await_open();
}

void create_in_initializer() {
    pthread_once(&plain, [] { pthread_join(start(nothing), nullptr); });
    stay("out");
}

pid_t child;
void fork_in_initializer() {
    start(be_unwound<wait_for_ever>);  // so that the recording is there
    pthread_once_t own = PTHREAD_ONCE_INIT;
    pthread_once(&own, [] { child = fork(); });
    if (child == 0) {
        pthread_once(&own, abort);
        start([](void*) -> void* { return sem_wait(&never_posted), nullptr; });
        stay("out");
    }
    gate::Flag().await_open();
}

int throw_value() {
    throw 1;
}
int value_after_throw() {
    try {
        static const int kThrown = throw_value();
        return kThrown;
    } catch (int) {
        return 2;
    }
}
int stay_after_throw() {
    const int value = value_after_throw();
    stay("in");
    return value;
}
void* initialize_local(void*) {
    static const int kOuter = stay_after_throw();
    runs = kOuter;
    return nullptr;
}

void* leave_local(void*) {
    pthread_cleanup_push(cleanup, nullptr);
    static const int kLeft = (leave_thread(), 1);
    runs = kLeft;
    pthread_cleanup_pop(0);
    return nullptr;
}

void fork_in_local() {
    start(be_unwound<wait_for_ever>);  // so that the recording is there
    static const pid_t kChild = fork();
    if (kChild == 0) {
        start([](void*) -> void* { return sem_wait(&never_posted), nullptr; });
        stay("out");
    }
    gate::Flag().await_open();
}

gate::Flag handled;
bool goes_on = false;

void run_another(int) {
    pthread_once_t own = PTHREAD_ONCE_INIT;
    pthread_once(&own, [] { ++runs; });
    handled.open();
}

void interrupt_waiter() {
    const pthread_t waiter = start([](void*) -> void* {
        pthread_once(&plain, abort);
        stay("out");
        return nullptr;
    });
    gate::await_others_blocked(1);
    pthread_kill(waiter, SIGUSR2);
    handled.await_open();
    gate::await_others_blocked(1);
    if (goes_on) stay("in");
}

void interrupt(bool first_goes_on) {
    goes_on = first_goes_on;
    signal(SIGUSR2, run_another);
    pthread_once(&plain, interrupt_waiter);
    gate::Flag().await_open();
}

const std::map<std::string, std::function<void()>> kWays = {
    {"throw", [] { in_thread(throw_out<throw_first>); }},
    {"throw-deep", [] { in_thread(throw_out<throw_from_deep>); }},
    {"throw-in-nested", [] { in_thread(throw_out_of_nested); }},
    {"cancel", cancel},
    {"exit", [] { in_thread(be_unwound<leave_thread>); }},
    {"exit-after-jump", [] { in_thread(be_unwound<leave_after_jump>); }},
    {"create", create_in_initializer},
    {"fork", fork_in_initializer},
    {"handler", [] { interrupt(false); }},
    {"in-handler", [] { interrupt(true); }},
    {"local-throw", [] { in_thread(initialize_local); }},
    {"local-exit", [] { in_thread(leave_local); }},
    {"local-fork", fork_in_local},
};

}  // namespace

int main(int argc, char** argv) {
    const auto way = argc == 2 ? kWays.find(argv[1]) : kWays.end();
    if (way == kWays.end()) return 2;
    way->second();
}
