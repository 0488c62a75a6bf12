// SPDX-License-Identifier: Apache-2.0
//
// A handler that sits for ever, on its thread's stack or on another one, in what it interrupted: a loop of the
// program at one line, libc, or another handler. Says "sitting" when it does.
//
//   handlers own|other program|libc|handler lock|read
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t never_free = PTHREAD_MUTEX_INITIALIZER;
volatile int arrivals = 0;
volatile bool looping = true;
alignas(64) char other_stack[256 * 1024];
bool reads = false;
bool nests = false;
int silent[2];
volatile int left;

__attribute__((noinline)) void sit() {
    char byte = 0;
    if (reads) {
        gate::raw_call(SYS_read, silent[0], reinterpret_cast<long>(&byte), 1);  // SITE(reads) sit
    } else {
        pthread_mutex_lock(&never_free);  // SITE(locks) sit
    }
    left = 1;
}

// clang-format off: the loop is one line, whatever instruction is interrupted.
__attribute__((noinline)) void spin() {
    for (arrivals = arrivals + 1; looping;) left = 2;  // SITE(spins) spin
    left = 3;
}
// clang-format on

void on_second_signal(int) {
    sit();  // SITE(second handler) on_second_signal
    left = 4;
}

void on_signal(int) {
    if (nests) {
        spin();  // SITE(handler spins) on_signal
    } else {
        sit();  // SITE(handler) on_signal
    }
    left = 5;
}

void* spin_thread(void*) {
    pthread_setname_np(pthread_self(), "victim");
    const stack_t other{other_stack, 0, sizeof(other_stack)};
    sigaltstack(&other, nullptr);
    spin();  // SITE(program) spin_thread
    return nullptr;
}

void* pause_thread(void*) {
    pthread_setname_np(pthread_self(), "victim");
    const stack_t other{other_stack, 0, sizeof(other_stack)};
    sigaltstack(&other, nullptr);
    arrivals = 1;
    pause();  // SITE(pauses) pause_thread
    left = 6;
    return nullptr;
}

bool is_asleep_in(long call) {
    gate::detail::Sights sights;
    gate::detail::look(sights);
    for (size_t i = 0; i < sights.count; ++i) {
        if (sights.threads[i].asleep && sights.threads[i].call == call) return true;
    }
    return false;
}

void handle(int signal, void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(signal, &action, nullptr);
}

void await_arrivals(int count) {
    gate::await([count] { return arrivals == count; });
}

}  // namespace

int main(int, char** arguments) {
    const int flags = std::strcmp(arguments[1], "other") == 0 ? SA_ONSTACK : 0;
    const bool in_libc = std::strcmp(arguments[2], "libc") == 0;
    nests = std::strcmp(arguments[2], "handler") == 0;
    reads = std::strcmp(arguments[3], "read") == 0;
    if (pipe(silent) != 0) return 1;
    handle(SIGALRM, on_signal, flags);
    handle(SIGVTALRM, on_second_signal, flags);
    pthread_mutex_lock(&never_free);
    pthread_t victim;
    pthread_create(&victim, nullptr, in_libc ? pause_thread : spin_thread, nullptr);
    await_arrivals(1);
    if (in_libc) gate::await([] { return is_asleep_in(SYS_pause); });
    pthread_kill(victim, SIGALRM);
    if (nests) {
        await_arrivals(2);
        pthread_kill(victim, SIGVTALRM);
    }
    gate::await([] { return is_asleep_in(reads ? SYS_read : SYS_futex); });
    gate::say("sitting\n");
    pause();
    return 0;
}
