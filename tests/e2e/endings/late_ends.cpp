// SPDX-License-Identifier: Apache-2.0
//
// A program that has ended with status 0 while another thread still means to end it in another way, which it never
// comes to by itself: it waits until the thread that ends the process sleeps, as that does where leftover threads have
// a grace time. late_ends HOW: exit, _exit, quick_exit, abort, store, error, term, exec, raw; or return: then it is
// main that comes late. A third thread asks the process to end once both sleep.
#include <error.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/support/gate.h"

namespace {

constexpr int kLateStatus = 5;
int* volatile nowhere = nullptr;

void end_late(const std::string& how) {
    if (how == "exit") std::exit(kLateStatus);
    if (how == "_exit") _exit(kLateStatus);
    if (how == "quick_exit") std::quick_exit(kLateStatus);
    if (how == "abort") std::abort();
    if (how == "store") *nowhere = 1;
    if (how == "error") error(kLateStatus, 0, "%s", "late");
    if (how == "exec") execl("/bin/false", "false", static_cast<char*>(nullptr));
    if (how == "raw") syscall(SYS_exit_group, kLateStatus);
}

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

void* come_late(void* how) {
    await_the_end();
    end_late(static_cast<const char*>(how));
    return how;
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

void start(void* (*routine)(void*), void* argument) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, routine, argument) != 0) std::abort();
}

}  // namespace

int main(int, char** words) {
    start(ask_to_end, nullptr);
    if (words[1] != std::string("return")) {
        start(come_late, words[1]);
        ending = gettid();
        return 0;
    }
    start(end_first, nullptr);
    await_the_end();
    return kLateStatus;
}
