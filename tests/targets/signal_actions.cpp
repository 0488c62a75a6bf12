// SPDX-License-Identifier: Apache-2.0
//
// What a program is told of SIGUSR1's action, and what the signal then does: `signal_actions CASE`
// prints it. Every case has the same output with and without the library. There is a second thread
// from the start, so that the library has a recording.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>

#include "tests/support/gate.h"

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#pragma GCC diagnostic ignored "-Wrestrict"

extern "C" sighandler_t bsd_signal(int, sighandler_t) noexcept;

namespace {

std::atomic<int> handled{0};
gate::Flag never;

void count(int) {
    ++handled;
}

const char* name_of(sighandler_t handler) {
    return handler == SIG_DFL    ? "default"
           : handler == SIG_IGN  ? "ignore"
           : handler == SIG_ERR  ? "error"
           : handler == SIG_HOLD ? "hold"
           : handler == count    ? "count"
                                 : "another";
}

void show(const char* when, const struct sigaction& action) {
    uint64_t mask;
    memcpy(&mask, &action.sa_mask, sizeof(mask));
    // 0x04000000 (SA_RESTORER) is libc's own business.
    printf("%s: %s flags %x mask %lx\n", when, name_of(action.sa_handler), action.sa_flags & ~0x04000000,
           static_cast<unsigned long>(mask));
}

void query(const char* when) {
    struct sigaction action {};
    memset(&action.sa_mask, 0xaa, sizeof(action.sa_mask));
    const int result = sigaction(SIGUSR1, nullptr, &action);
    printf("query %d ", result);
    show(when, action);
}

struct sigaction action_of(sighandler_t handler, int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaddset(&action.sa_mask, SIGHUP);
    return action;
}

void set_and_show(sighandler_t handler, int flags) {
    struct sigaction action = action_of(handler, flags);
    printf("sigaction %d\n", sigaction(SIGUSR1, &action, &action));  // one object for both
    show("before", action);
}

void make_thread() {
    pthread_t thread;
    pthread_create(
        &thread, nullptr, [](void*) -> void* { return never.await_open(), nullptr; }, nullptr);
}

void raise_and_show() {
    raise(SIGUSR1);
    printf("handled %d\n", handled.load());
}

using Set = sighandler_t (*)(int, sighandler_t);

/// Default, a handler, and what was there each time.
void use(Set set) {
    query("start");
    printf("default: %s\n", name_of(set(SIGUSR1, SIG_DFL)));
    printf("handler: %s\n", name_of(set(SIGUSR1, count)));
    query("handler");
    raise_and_show();
    printf("ignore: %s\n", name_of(set(SIGUSR1, SIG_IGN)));
    raise_and_show();
    printf("default again: %s\n", name_of(set(SIGUSR1, SIG_DFL)));
    printf("error: %s\n", name_of(set(99, count)));
    query("end");
}

int child_status(const std::function<void()>& body) {
    int gate[2];
    if (pipe(gate) != 0) abort();
    const pid_t child = fork();
    if (child == 0) {
        handled = 0;
        body();
        if (write(gate[1], "x", 1) != 1) _exit(99);
        gate::await([] { return handled != 0; });
        _exit(7);
    }
    char byte;
    if (read(gate[0], &byte, 1) != 1) abort();
    kill(child, SIGUSR1);
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

void block_usr1() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

const std::map<std::string, std::function<void()>> kCases = {
    {"query", [] { query("start"), set_and_show(SIG_DFL, SA_RESTART), query("set"), set_and_show(SIG_DFL, 0); }},
    {"sigaction",
     [] {
         query("start");
         set_and_show(SIG_DFL, SA_NODEFER);
         set_and_show(count, SA_RESTART);
         raise_and_show();
         set_and_show(SIG_IGN, 0);
         raise_and_show();
         set_and_show(SIG_DFL, 0);
         query("end");
         printf("invalid %d\n", sigaction(99, nullptr, nullptr));
     }},
    {"signal", [] { use(signal); }},
    {"ssignal", [] { use(ssignal); }},
    {"bsd_signal", [] { use(bsd_signal); }},
    {"sysv_signal", [] { use(sysv_signal); }},
    {"__sysv_signal", [] { use(__sysv_signal); }},
    {"sigset", [] { use(sigset); }},
    {"sigset_hold",
     [] {
         printf("hold: %s\n", name_of(sigset(SIGUSR1, SIG_HOLD)));
         raise_and_show();
         printf("again: %s\n", name_of(sigset(SIGUSR1, SIG_HOLD)));
         printf("handler: %s\n", name_of(sigset(SIGUSR1, count)));
         raise_and_show();
     }},
    {"sigset_release",
     [] {
         sigset(SIGUSR1, SIG_HOLD);
         printf("default: %s\n", name_of(sigset(SIGUSR1, SIG_DFL)));
         printf("default: %s\n", name_of(sigset(SIGUSR1, SIG_DFL)));
         query("end");
     }},
    {"sigignore", [] { printf("%d\n", sigignore(SIGUSR1)), raise_and_show(), query("end"); }},
    {"siginterrupt",
     [] {
         query("start");
         printf("%d\n", siginterrupt(SIGUSR1, 0));
         query("no");
         printf("%d\n", siginterrupt(SIGUSR1, 1));
         query("yes");
         signal(SIGUSR1, count);
         query("handler");
         raise_and_show();
     }},
    {"blocked",
     [] {
         block_usr1();
         raise(SIGUSR1);
         sigset_t pending;
         sigpending(&pending);
         int got = 0;
         printf("pending %d", sigismember(&pending, SIGUSR1));
         sigemptyset(&pending);
         sigaddset(&pending, SIGUSR1);
         const int error = sigwait(&pending, &got);
         printf(" sigwait %d %d\n", error, got);
     }},
    {"fork", [] { printf("status %x\n", child_status([] {})); }},
    {"fork_handler",
     [] { printf("status %x\n", child_status([] { signal(SIGUSR1, [](int) { _exit(3); }), query("child"); })); }},
    {"fork_default", [] { printf("status %x\n", child_status([] { signal(SIGUSR1, SIG_DFL); })); }},
    {"fork_in_suspend",
     [] {
         // The signal is blocked but for the time of the call.
         const pid_t child = fork();
         if (child == 0) {
             block_usr1();
             raise(SIGUSR1);
             sigset_t none;
             sigemptyset(&none);
             sigsuspend(&none);
             _exit(7);
         }
         int status = 0;
         waitpid(child, &status, 0);
         printf("status %x\n", status);
     }},
    {"vfork",
     [] {
         const pid_t child = vfork();
         if (child == 0) {
             struct sigaction before {};
             const struct sigaction ignore = action_of(SIG_IGN, 0);
             sigaction(SIGUSR1, &ignore, &before);
             _exit(before.sa_handler == SIG_DFL ? 0 : 1);
         }
         int status = 0;
         waitpid(child, &status, 0);
         printf("status %x\n", status);
         query("parent");
     }},
    {"vfork_killed",
     [] {
         const pid_t child = vfork();
         if (child == 0) {
             kill(getpid(), SIGUSR1);
             _exit(0);
         }
         int status = 0;
         waitpid(child, &status, 0);
         printf("status %x\n", status);
     }},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (const auto& [name, body] : kCases) printf("%s\n", name.c_str());
        return 0;
    }
    if (argc < 2 || !kCases.contains(argv[1])) return 2;
    const bool handler_first = argc > 2;
    if (handler_first) signal(SIGUSR1, count);
    setvbuf(stdout, nullptr, _IONBF, 0);  // children print too
    make_thread();
    if (handler_first) raise_and_show();
    kCases.at(argv[1])();
    _exit(0);
}
