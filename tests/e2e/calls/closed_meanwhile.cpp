// SPDX-License-Identifier: Apache-2.0
//
// Threads in read(), whose descriptors are closed under them, and given to other files. Says "closed" then; ends
// by a signal only.
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

constexpr int kToFile = 100;
constexpr int kToSocket = 101;
constexpr int kToNothing = 102;
constexpr int kSocketToFile = 103;
constexpr int kKept = 104;

template <int number>
void* read_from(void*) {
    char byte;
    return reinterpret_cast<void*>(read(number, &byte, 1));
}

template <int number>
void sit(const char* name) {
    pthread_t thread;
    pthread_create(&thread, nullptr, read_from<number>, nullptr);
    pthread_setname_np(thread, name);
}

}  // namespace

int main() {
    int ends[2];
    int sockets[2];
    if (pipe(ends) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 1;
    for (const int number : {kToFile, kToSocket, kToNothing, kKept}) dup2(ends[0], number);
    dup2(sockets[0], kSocketToFile);
    sit<kToFile>("to file");
    sit<kToSocket>("to socket");
    sit<kToNothing>("to nothing");
    sit<kSocketToFile>("socket to file");
    sit<kKept>("kept");
    gate::await_others_in(/*read*/ 0, 5);
    const int file = open("/proc/self/exe", O_RDONLY);
    dup2(file, kToFile);
    dup2(file, kSocketToFile);
    dup2(sockets[1], kToSocket);
    close(kToNothing);
    gate::say("closed\n");
    for (;;) pause();
}
