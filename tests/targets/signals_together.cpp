// SPDX-License-Identifier: Apache-2.0
//
// A signal of the program's own that comes together with SIGUSR1 must still end the call of thread
// T2: `signals_together CALL SIGNAL ROUNDS [masked|restart]`, the order changing from round to round, and
// the time between the two as well. "restart": the handler has SA_RESTART. Says "rounds N handled N returned N lost N":
// a round is lost when the handler has run and T2 sleeps on in its call. "masked": the handler blocks all signals.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <map>
#include <string>

#include "tests/support/gate.h"

namespace {

std::atomic<long> caller_tid{0};
std::atomic<int> handled{0};
std::atomic<int> returned{0};
std::atomic<bool> over{false};
int rounds = 0;
int (*call)() = nullptr;
int epoll = -1;
int ends[2];  ///< of a pipe that nothing is written to

const std::map<std::string, int (*)()> kCalls = {
    {"pause", [] { return pause(); }},
    {"poll", [] { return poll(nullptr, 0, 600'000); }},
    {"read",
     [] {
         char byte;
         return static_cast<int>(read(ends[0], &byte, 1));
     }},
    {"epoll_wait",
     [] {
         epoll_event event;
         return epoll_wait(epoll, &event, 1, -1);
     }},
    {"nanosleep",
     [] {
         const timespec time{600, 0};
         return nanosleep(&time, nullptr);
     }},
};

void* make_calls(void*) {
    caller_tid = gate::raw_call(SYS_gettid);
    while (!over) {
        const int result = call();
        if (result == -1 && errno == EINTR) ++returned;
    }
    return nullptr;
}

gate::detail::Sight look() {
    return gate::detail::look_at(caller_tid);
}

bool is_pending() {
    char status[4096];
    gate::detail::read_task_file(caller_tid, "status", status, sizeof(status));
    const char* const text = gate::detail::after_key(status, "SigPnd:");
    return text != nullptr && strtoull(text, nullptr, 16) != 0;
}

/// Asleep with all signals handled; twice the same look, so that it was so at one moment.
void await_rest() {
    gate::await([] {
        const auto before = look();
        return before.asleep && before.call >= 0 && !is_pending() && look() == before;
    });
}

void send(int signal) {
    gate::raw_call(SYS_tgkill, getpid(), caller_tid, signal);
}

void spin(int turns) {
    for (int i = 0; i < turns; ++i) asm volatile("");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4 || !kCalls.contains(argv[1])) return 2;
    call = kCalls.at(argv[1]);
    const int signal = atoi(argv[2]);
    rounds = atoi(argv[3]);
    close(STDERR_FILENO);  // no reports: they would take most of the time
    epoll = epoll_create1(0);
    if (pipe(ends) != 0) return 2;
    struct sigaction action {};
    action.sa_handler = [](int) { ++handled; };
    const std::string how = argc > 4 ? argv[4] : "";
    if (how == "masked") sigfillset(&action.sa_mask);
    if (how == "restart") action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);

    pthread_t thread;
    pthread_create(&thread, nullptr, make_calls, nullptr);
    gate::await([] { return caller_tid != 0; });
    int lost = 0;
    for (int round = 1; round <= rounds; ++round) {
        await_rest();
        const bool ours_first = round % 2 == 0;
        const int turns = round % 3 == 0 ? 0 : round * 37 % 20'000;
        send(ours_first ? SIGUSR1 : signal);
        spin(turns);
        send(ours_first ? signal : SIGUSR1);
        await_rest();
        if (handled != round) break;
        if (returned + lost != round) ++lost;
    }
    printf("rounds %d handled %d returned %d lost %d\n", rounds, handled.load(), returned.load(), lost);
    fflush(stdout);
    _exit(0);
}
