// SPDX-License-Identifier: Apache-2.0
//
// A socket's number belonged to one with a time limit before, and the socket is given one just after somebody
// asked the kernel for it, in vain: for use under the library, which asks. Then two threads receive from it. Says
// "bounded" then; ends by a signal only.
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/support/late_answer.h"

namespace {

gate::LateAnswer late;
int receiving;

void* receive(void*) {
    char byte;
    return reinterpret_cast<void*>(recv(receiving, &byte, 1, 0));
}

bool set_limit(int socket, time_t seconds) {
    const timeval limit{seconds, 0};
    return setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0;
}

}  // namespace

int main() {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) return 1;
    receiving = sockets[0];
    if (!set_limit(receiving, 1000) || !set_limit(receiving, 0)) return 1;
    if (!late.install(SYS_getsockopt, 2, SO_SNDTIMEO)) return 1;
    pthread_t first;
    pthread_t second;
    if (pthread_create(&first, nullptr, receive, nullptr) != 0) return 1;
    late.await_question();
    if (!set_limit(receiving, 1000)) return 1;
    late.let_go();
    gate::await_others_in(SYS_recvfrom, 1);
    if (pthread_create(&second, nullptr, receive, nullptr) != 0) return 1;
    gate::await_others_in(SYS_recvfrom, 2);
    gate::say("bounded\n");
    for (;;) pause();
}
