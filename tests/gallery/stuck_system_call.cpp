// SPDX-License-Identifier: Apache-2.0
//
// Threads sit in system calls that never return: a read of a pipe that nobody writes to, a lock of a file
// that another process keeps, a wait for a child that does not end. fixed: limits.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "tests/gallery/variant.hpp"
#include "tests/support/stuck.h"

constexpr int kTries = 5;
constexpr int kLimitMs = 5;

bool g_has_limits = false;

long read_pipe(int end) {
    char byte = 0;
    pollfd one{end, POLLIN, 0};
    if (g_has_limits && poll(&one, 1, kLimitMs) <= 0) return -1;
    const ssize_t got = read(end, &byte, 1);  // SITE(read) read_pipe
    return got == 1 ? byte : -errno;
}
// WRAP(read_pipe)

int lock_file(int file) {
    for (int tries = 0; g_has_limits && tries < kTries; ++tries) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) return 0;
        usleep(kLimitMs * 1000);
    }
    if (g_has_limits) return -EWOULDBLOCK;
    const int result = flock(file, LOCK_EX);  // SITE(lock) lock_file
    return result == 0 ? 0 : -errno;
}
// WRAP(lock_file)

int reap_child(pid_t child) {
    int status = 0;
    for (int tries = 0; g_has_limits && tries < kTries; ++tries) {
        if (waitpid(child, &status, WNOHANG) == child) return status;
        usleep(kLimitMs * 1000);
    }
    if (g_has_limits) kill(child, SIGKILL);
    const pid_t got = waitpid(child, &status, 0);  // SITE(reap) reap_child
    return got == child ? status : -errno;
}
// WRAP(reap_child)

/// A child that keeps the lock of `file`, and never ends before its parent does.
pid_t start_child(int file) {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child != 0) return child;
    gate::raw_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
    if (gate::raw_call(SYS_getppid) != parent) gate::raw_call(SYS_exit_group, 1);
    gate::raw_call(SYS_flock, file, LOCK_EX);
    while (true) gate::raw_call(SYS_pause);
}

std::vector<std::thread> start_threads(int end, int file, pid_t child) {
    std::vector<std::thread> threads;
    threads.emplace_back([end] { read_pipe(end); });       // SITE(reading) start_threads
    threads.emplace_back([file] { lock_file(file); });     // SITE(locking) start_threads
    threads.emplace_back([child] { reap_child(child); });  // SITE(reaping) start_threads
    return threads;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant != "leaky" && variant != "fixed") return no_such_variant();
    g_has_limits = variant == "fixed";
    char path[] = "/tmp/loiter-gallery-XXXXXX";
    const int of_child = mkstemp(path);
    const int own = open(path, O_RDWR | O_CLOEXEC);
    unlink(path);
    int ends[2];
    if (of_child < 0 || own < 0 || pipe(ends) != 0) return 1;
    const pid_t child = start_child(of_child);
    gate::await([&] {
        if (flock(own, LOCK_EX | LOCK_NB) != 0) return true;
        flock(own, LOCK_UN);
        return false;
    });
    std::vector<std::thread> threads = start_threads(ends[0], own, child);
    if (variant == "leaky") {
        gate::await_others_stuck_in(3, {SYS_read, SYS_flock, SYS_wait4});
        for (std::thread& thread : threads) thread.detach();
        return 0;
    }
    for (std::thread& thread : threads) thread.join();
    return 0;
}
