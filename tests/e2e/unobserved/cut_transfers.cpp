// SPDX-License-Identifier: Apache-2.0
//
// A thread in each of the calls that come back only when all is transferred, with some of it done: "cut", or
// with none: "none". Says "stuck" when all are; main joins the first for ever. Ends by a signal.
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

char bytes[400'000];
iovec parts[] = {{bytes, 100}, {bytes, sizeof(bytes) - 100}};

int full_pipe(bool some_fits) {
    int ends[2];
    if (pipe(ends) != 0 || (!some_fits && write(ends[1], bytes, 65536) != 65536)) abort();
    return ends[1];
}

int full_socket(bool some_fits) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
    while (!some_fits && send(ends[0], bytes, 1000, MSG_DONTWAIT) > 0) {
    }
    return ends[0];
}

int source(bool some_is_there) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) abort();
    if (some_is_there && write(ends[1], "abc", 3) != 3) abort();
    return ends[0];
}

int file() {
    char path[] = "/tmp/cut_transfers_XXXXXX";
    const int made = mkstemp(path);
    unlink(path);
    if (ftruncate(made, sizeof(bytes)) != 0) abort();
    return made;
}

msghdr message() {
    msghdr made{};
    made.msg_iov = parts;
    made.msg_iovlen = 2;
    return made;
}

void in_write(bool some) {
    if (write(full_pipe(some), bytes, sizeof(bytes)) < 0) abort();
}
void in_writev(bool some) {
    if (writev(full_pipe(some), parts, 2) < 0) abort();
}
void in_send(bool some) {
    send(full_socket(some), bytes, sizeof(bytes), 0);
}
void in_sendmsg(bool some) {
    const msghdr sent = message();
    sendmsg(full_socket(some), &sent, 0);
}
void in_sendfile(bool some) {
    sendfile(full_socket(some), file(), nullptr, sizeof(bytes));
}
void in_recv(bool some) {
    recv(source(some), bytes, 10, MSG_WAITALL);
}
void in_recvmsg(bool some) {
    msghdr received = message();
    recvmsg(source(some), &received, MSG_WAITALL);
}

struct Row {
    const char* name;
    void (*sit)(bool some);
};

constexpr Row kRows[] = {
    {"write", in_write},       {"writev", in_writev}, {"sendto", in_send},     {"sendmsg", in_sendmsg},
    {"sendfile", in_sendfile}, {"recvfrom", in_recv}, {"recvmsg", in_recvmsg},
};
constexpr size_t kThreads = sizeof(kRows) / sizeof(*kRows);

bool has_some = false;

void* begin(void* argument) {
    static_cast<const Row*>(argument)->sit(has_some);
    abort();
}

}  // namespace

int main(int, char** arguments) {
    has_some = std::strcmp(arguments[1], "cut") == 0;
    pthread_t threads[kThreads];
    for (size_t i = 0; i < kThreads; ++i) {
        pthread_create(&threads[i], nullptr, begin, const_cast<Row*>(&kRows[i]));
        gate::await_others_stuck_in(
            i + 1, {SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg, SYS_sendfile, SYS_recvfrom, SYS_recvmsg});
    }
    gate::say("stuck\n");
    pthread_join(threads[0], nullptr);
}
