// SPDX-License-Identifier: Apache-2.0
//
// Threads in calls of every depth; some past libc, where no wrapper can be. Says "sitting" when all do.
//
//   sitting_in_calls wait     on SIGUSR2 lets each end, then says what its call gave: "NAME RESULT"
//   sitting_in_calls leave    returns from main while they sit
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/e2e/stacks/awaited_signal.h"
#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

constexpr int kThreads = 6;
int ends[kThreads][2];

long in_fgets(int place) {
    char line[8] = "";
    FILE* const file = fdopen(ends[place][0], "r");
    return std::fgets(line, sizeof line, file) == nullptr ? -errno : line[0];  // SITE(fgets) in_fgets
}

long in_raw_read(int place, int depth) {
    char byte = 0;
    if (depth > 0) return in_raw_read(place, depth - 1);  // SITE(deeper) in_raw_read
    const long got =
        gate::raw_call(SYS_read, ends[place][0], reinterpret_cast<long>(&byte), 1);  // SITE(read) in_raw_read
    return got == 1 ? byte : got;
}

long in_deep_read(int place) {
    return in_raw_read(place, 3);  // SITE(deep) in_deep_read
}

long in_raw_poll(int place) {
    pollfd one{ends[place][0], POLLIN, 0};
    return gate::raw_call(SYS_poll, reinterpret_cast<long>(&one), 1, -1);  // SITE(poll) in_raw_poll
}

long in_poll(int place) {
    pollfd one{ends[place][0], POLLIN, 0};
    return poll(&one, 1, -1);  // SITE(libc poll) in_poll
}

long in_epoll(int place) {
    const int set = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(set, EPOLL_CTL_ADD, ends[place][0], &event);
    const int count = epoll_wait(set, &event, 1, -1);  // SITE(epoll) in_epoll
    return count < 0 ? -errno : count;
}

long in_recv(int place) {
    char bytes[3] = "";
    const ssize_t got = recv(ends[place][0], bytes, 2, MSG_WAITALL);  // SITE(recv) in_recv
    return got < 0 ? -errno : got;
}

struct Row {
    const char* name;
    long (*sit)(int place);
};

constexpr Row kRows[kThreads] = {
    {"fgets", in_fgets},    {"read", in_deep_read}, {"poll", in_raw_poll},
    {"libc poll", in_poll}, {"epoll", in_epoll},    {"recv", in_recv},
};

void* begin(void* argument) {
    const long place = reinterpret_cast<long>(argument);
    pthread_setname_np(pthread_self(), kRows[place].name);
    return reinterpret_cast<void*>(kRows[place].sit(static_cast<int>(place)));  // SITE(start) begin
}

}  // namespace

int main(int, char** arguments) {
    const AwaitedSignal go_on;
    pthread_t threads[kThreads];
    for (long place = 0; place < kThreads; ++place) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends[place]) != 0) return 1;
        pthread_create(&threads[place], nullptr, begin, reinterpret_cast<void*>(place));
    }
    gate::await_others_stuck_in(kThreads, {SYS_read, SYS_poll, SYS_epoll_wait, SYS_recvfrom});
    gate::say("sitting\n");
    if (std::strcmp(arguments[1], "leave") == 0) return 0;
    go_on.await();
    for (int place = 0; place < kThreads; ++place) {
        void* result = nullptr;
        if (write(ends[place][1], "A\n", 2) != 2) return 1;
        pthread_join(threads[place], &result);
        std::printf("%s %ld\n", kRows[place].name, reinterpret_cast<long>(result));
    }
    return 0;
}
