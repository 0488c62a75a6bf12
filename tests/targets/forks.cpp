// SPDX-License-Identifier: Apache-2.0
//
// Children of a process with threads and a held lock:
//   forks fork    a forked child locks and unlocks, starts and joins a thread, and exits
//   forks _fork   the same by _Fork, which runs no atfork handlers
//   forks writing a forked child writes and calls _exit
//   forks vfork   a vfork child writes, fails to exec, then calls _exit
//   forks killed  a vfork child is killed while it writes, and nobody waits for it
// The parent waits for it, says "done STATUS" and then stays.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER;

void* stay(void*) {
    pthread_mutex_lock(&held);
    return nullptr;
}

void* nothing(void*) {
    return nullptr;
}

[[noreturn]] void run_child() {
    pthread_mutex_lock(&other);
    pthread_mutex_unlock(&other);
    pthread_mutex_unlock(&held);
    pthread_t thread;
    pthread_create(&thread, nullptr, nothing, nullptr);
    pthread_join(thread, nullptr);
    _exit(5);
}

pid_t start_child(const char* how) {
    if (strcmp(how, "vfork") == 0) {
        const int null = open("/dev/null", O_WRONLY);
        const pid_t child = vfork();
        if (child == 0) {
            write(null, "x", 1);
            execl("/nonexistent/program", "program", nullptr);
            _exit(5);
        }
        return child;
    }
    if (strcmp(how, "killed") == 0) {
        int ends[2];
        if (pipe(ends) != 0 || close(ends[0]) != 0) _exit(4);
        if (vfork() == 0) {
            write(ends[1], "x", 1);  // SIGPIPE
            _exit(1);
        }
        gate::say("done 5\n");
        gate::Flag().await_open();
    }
    const pid_t child = strcmp(how, "_fork") == 0 ? _Fork() : fork();
    if (child == 0 && strcmp(how, "writing") == 0) {
        char letter[] = "x";
        const iovec part{letter, 1};
        const int null = open("/dev/null", O_WRONLY);
        _exit(write(null, "x", 1) == 1 && writev(null, &part, 1) == 1 ? 5 : 1);
    }
    if (child == 0) run_child();
    return child;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    pthread_t waiter;
    pthread_mutex_lock(&held);
    pthread_create(&waiter, nullptr, stay, nullptr);
    gate::await_others_blocked(1);
    int status = 0;
    waitpid(start_child(argv[1]), &status, 0);
    char text[32];
    snprintf(text, sizeof(text), "done %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    gate::say(text);
    gate::Flag().await_open();
}
