// SPDX-License-Identifier: Apache-2.0
//
// Threads in read(), poll() and select(), whose descriptors are closed under them, and given to other files. Says
// "closed" then; ends by a signal only.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

constexpr int kToFile = 100;
constexpr int kToSocket = 101;
constexpr int kToNothing = 102;
constexpr int kSocketToFile = 103;
constexpr int kKept = 104;
constexpr int kToPipe = 105;
constexpr int kPolled = 106;
constexpr int kSelected = 107;

template <int number>
void* read_from(void*) {
    char byte;
    return reinterpret_cast<void*>(read(number, &byte, 1));
}

void* poll_one(void*) {
    pollfd one{kPolled, POLLIN, 0};
    return reinterpret_cast<void*>(static_cast<long>(poll(&one, 1, -1)));
}

void* select_two(void*) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(kKept, &set);
    FD_SET(kSelected, &set);
    return reinterpret_cast<void*>(static_cast<long>(select(kSelected + 1, &set, nullptr, nullptr, nullptr)));
}

void start(const char* name, void* (*routine)(void*)) {
    pthread_t thread;
    pthread_create(&thread, nullptr, routine, nullptr);
    pthread_setname_np(thread, name);
}

template <int number>
void sit(const char* name) {
    start(name, read_from<number>);
}

}  // namespace

int main() {
    int ends[2];
    int sockets[2];
    if (pipe(ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 1;
    for (const int number : {kToFile, kToSocket, kToNothing, kKept, kToPipe, kPolled, kSelected}) dup2(ends[0], number);
    dup2(sockets[0], kSocketToFile);
    sit<kToFile>("to file");
    sit<kToSocket>("to socket");
    sit<kToNothing>("to nothing");
    sit<kSocketToFile>("socket to file");
    sit<kKept>("kept");
    sit<kToPipe>("to pipe");
    start("poll", poll_one);
    start("select", select_two);
    gate::await_others_stuck_in(8, {SYS_read, SYS_poll, SYS_select, SYS_pselect6});
    const int file = open("/proc/self/exe", O_RDONLY);
    dup2(file, kToFile);
    dup2(file, kSocketToFile);
    dup2(sockets[1], kToSocket);
    int other[2];
    if (pipe(other) != 0) return 1;
    dup2(other[0], kToPipe);
    close(other[0]);
    close(other[1]);
    for (const int number : {kToNothing, kPolled, kSelected}) close(number);
    gate::say("closed\n");
    for (;;) pause();
}
