// SPDX-License-Identifier: Apache-2.0
//
// A program that has ended with status 0, and with words that are still to be written, while another thread still means
// to end it in another way, which it never comes to by itself: it waits until the thread that ends the process sleeps,
// as that does where leftover threads have a grace time. A third thread asks the process to end once both sleep.
// late_ends HOW:
//   exit, _exit, quick_exit, abort, store, error, errors (of two threads), exec, raw: what the other thread does;
//   return: it is main that comes late; in_quick_exit: it is in a handler of that meanwhile;
//   usr2, io, pwr, realtime: it sends the process that signal;
//   abrt, pipe: it sends that one to the thread that ends the process;
//   cancel, cancel_at_once: it cancels the thread that ends the process;
//   handler_exit, handler__exit, handler_pthread_exit: it has that thread run a handler that does this;
//   fork_exit, fork_term: it makes a child that ends, and says how.
#include <error.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "tests/support/gate.h"

namespace {

constexpr int kLateStatus = 5;
int* volatile nowhere = nullptr;

std::atomic<pid_t> ending{0};
std::atomic<pid_t> late{0};

/// Until the thread is in its last call, and sleeps there.
void await_sleep(const std::atomic<pid_t>& thread) {
    gate::await([&] {
        const std::string path = "/proc/self/task/" + std::to_string(thread.load()) + "/syscall";
        const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        char call[8] = {};
        const ssize_t length = read(file, call, sizeof call);
        close(file);
        return length > 0 && std::strncmp(call, "230 ", 4) == 0;
    });
}

void await_the_end() {
    await_sleep(ending);
    gate::say("late\n");
    late = gettid();
}

[[noreturn]] void sleep_for_ever() {
    for (;;) sleep(1000);
}

void start(void* (*routine)(void*), void* argument) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, argument) != 0) std::abort();
}

void* await_signals(void*) {
    for (;;) pause();
}

void* fail_later(void*) {
    await_sleep(late);
    error(kLateStatus, 0, "%s", "later");
    return nullptr;
}

void fork_late(bool ends_by_itself) {
    const pid_t child = fork();
    if (child == 0) {
        if (ends_by_itself) std::exit(7);
        sleep_for_ever();
    }
    if (!ends_by_itself) kill(child, SIGTERM);
    int status = 0;
    waitpid(child, &status, 0);
    gate::say(WIFEXITED(status) ? "child 7\n" : "child killed\n");
}

const std::map<std::string, int> kSignals = {{"usr2", SIGUSR2}, {"io", SIGIO}, {"pwr", SIGPWR}, {"realtime", SIGRTMIN}};
const std::map<std::string, int> kSignalsOfThreads = {{"abrt", SIGABRT}, {"pipe", SIGPIPE}};
const std::map<std::string, void (*)(int)> kHandlers = {
    {"handler_exit", [](int) { std::exit(kLateStatus); }},
    {"handler__exit", [](int) { _exit(kLateStatus); }},
    {"handler_pthread_exit", [](int) { pthread_exit(nullptr); }},
};
pthread_t main_thread;

void end_late(const std::string& how) {
    if (how == "exit") std::exit(kLateStatus);
    if (how == "_exit") _exit(kLateStatus);
    if (how == "quick_exit") std::quick_exit(kLateStatus);
    if (how == "abort") std::abort();
    if (how == "store") *nowhere = 1;
    if (how == "error") error(kLateStatus, 0, "%s", "late");
    if (how == "exec") execl("/bin/false", "false", static_cast<char*>(nullptr));
    if (how == "errors") {
        start(fail_later, nullptr);
        error(kLateStatus, 0, "%s", "late");
    }
    if (how.starts_with("cancel")) pthread_cancel(main_thread);
    if (how.starts_with("handler")) pthread_kill(main_thread, SIGUSR1);
    if (how.starts_with("fork")) fork_late(how == "fork_exit");
    if (const auto signal = kSignals.find(how); signal != kSignals.end()) kill(getpid(), signal->second);
    if (const auto signal = kSignalsOfThreads.find(how); signal != kSignalsOfThreads.end())
        pthread_kill(main_thread, signal->second);
    if (how == "raw") syscall(SYS_exit_group, kLateStatus);
    sleep_for_ever();
}

void* come_late(void* how) {
    await_the_end();
    end_late(static_cast<const char*>(how));
    return how;
}

gate::Flag in_quick_exit;

void* exit_quickly(void*) {
    std::at_quick_exit([] {
        in_quick_exit.open();
        await_the_end();
    });
    std::quick_exit(kLateStatus);
}

void* end_first(void*) {
    ending = gettid();
    std::exit(0);
}

void* ask_to_end(void* how) {
    await_sleep(late);
    kill(getpid(), SIGTERM);
    return how;
}

}  // namespace

int main(int, char** words) {
    const std::string how = words[1];
    main_thread = pthread_self();
    start(await_signals, nullptr);
    std::fputs("early\n", stdout);  // which is written when the process ends
    if (const auto handler = kHandlers.find(how); handler != kHandlers.end()) std::signal(SIGUSR1, handler->second);
    if (how == "cancel_at_once") pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    if (!kSignals.contains(how) && !kSignalsOfThreads.contains(how) && !kHandlers.contains(how))
        start(ask_to_end, nullptr);  // these are haste enough
    if (how == "in_quick_exit") {
        start(exit_quickly, nullptr);
        in_quick_exit.await_open();
    }
    if (how != "return") {
        if (how != "in_quick_exit") start(come_late, words[1]);
        ending = gettid();
        return 0;
    }
    start(end_first, nullptr);
    await_the_end();
    return kLateStatus;
}
