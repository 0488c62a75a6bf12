// SPDX-License-Identifier: Apache-2.0
//
// The rows of each_wrapper that are about signals, timers and descriptors.
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/time.h>
#include <time.h>

#include "tests/targets/each_wrapper.h"

extern "C" {
int mid_timer_create(clockid_t, sigevent*, timer_t*);
int old_timer_create(clockid_t, sigevent*, timer_t*);
sighandler_t bsd_signal(int, sighandler_t);
int __sigaction(int, const struct sigaction*, struct sigaction*);
int __poll_chk(pollfd*, nfds_t, int, size_t);
}
__asm__(".symver mid_timer_create,timer_create@GLIBC_2.3.3");
__asm__(".symver old_timer_create,timer_create@GLIBC_2.2.5");

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace {

void* never_ends(void*) {
    gate::Flag().await_open();
    return nullptr;
}

pthread_t create_endless() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, never_ends, nullptr) != 0) abort();
    return thread;
}

void handle(int) {}

}  // namespace

std::map<std::string, Row> waker_rows() {
    static const itimerval kHours{{}, {3600, 0}};
    static struct sigaction action {};
    action.sa_handler = handle;
    const auto make_timer = [](auto create_timer) {
        timer_t timer;
        create_timer(CLOCK_MONOTONIC, nullptr, &timer);
    };
    return {
        {"sigaction", {[] { AT(nullptr, sigaction(SIGUSR2, &action, nullptr)); }, {}}},
        {"__sigaction", {[] { AT(nullptr, __sigaction(SIGUSR2, &action, nullptr)); }, {}}},
        {"signal", {[] { AT(nullptr, signal(SIGUSR2, handle)); }, {}}},
        {"ssignal", {[] { AT(nullptr, ssignal(SIGUSR2, handle)); }, {}}},
        {"bsd_signal", {[] { AT(nullptr, bsd_signal(SIGUSR2, handle)); }, {}}},
        {"sysv_signal", {[] { AT(nullptr, sysv_signal(SIGUSR2, handle)); }, {}}},
        {"__sysv_signal", {[] { AT(nullptr, __sysv_signal(SIGUSR2, handle)); }, {}}},
        {"sigset", {[] { AT(nullptr, sigset(SIGUSR2, handle)); }, {}}},
        {"sigignore", {[] { AT(nullptr, sigignore(SIGUSR2)); }, {}}},
        {"siginterrupt", {[] { AT(nullptr, siginterrupt(SIGUSR2, 1)); }, {}}},
        {"setitimer", {[] { AT(nullptr, setitimer(ITIMER_VIRTUAL, &kHours, nullptr)); }, {}}},
        {"alarm", {[] { AT(nullptr, alarm(3600)); }, {}}},
        {
            "ualarm",
            {[] { AT(nullptr, ualarm(999'999, 0)); }, {}},
        },
        {"timer_create@new", {[=] { AT(nullptr, make_timer(timer_create)); }, {}}},
        {"timer_create@mid", {[=] { AT(nullptr, make_timer(mid_timer_create)); }, {}}},
        {"timer_create@old", {[=] { AT(nullptr, make_timer(old_timer_create)); }, {}}},
        {"pthread_cancel", {[] { AT(nullptr, pthread_cancel(create_endless())); }, {}}},
    };
}

std::map<std::string, Row> polling_rows() {
    static constexpr timespec kMoment{0, 1};
    static constexpr timespec kHour{3600, 0};
    static constexpr int kHourMs = 3600'000;
    static const int epoll = epoll_create1(0);
    static epoll_event event;
    static sigset_t usr2;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    static sembuf down{0, -1, 0};
    // Removed at once where it is made: a test leaves no semaphores behind.
    const auto try_semaphore = [](const timespec* time) {
        const int set = semget(IPC_PRIVATE, 1, 0600);
        AT(nullptr, semtimedop(set, &down, 1, time));
        semctl(set, 0, IPC_RMID);
    };
    return {
        {"poll", {[] { AT(nullptr, poll(nullptr, 0, 0)); }, [] { AT(nullptr, poll(nullptr, 0, kHourMs)); }}},
        {"__poll_chk",
         {[] { AT(nullptr, __poll_chk(nullptr, 0, 0, 0)); }, [] { AT(nullptr, __poll_chk(nullptr, 0, kHourMs, 0)); }}},
        {"epoll_wait",
         {[] { AT(nullptr, epoll_wait(epoll, &event, 1, 0)); },
          [] { AT(nullptr, epoll_wait(epoll, &event, 1, kHourMs)); }}},
        {"epoll_pwait",
         {[] { AT(nullptr, epoll_pwait(epoll, &event, 1, 0, nullptr)); },
          [] { AT(nullptr, epoll_pwait(epoll, &event, 1, kHourMs, nullptr)); }}},
        {"epoll_pwait2",
         {[] { AT(nullptr, epoll_pwait2(epoll, &event, 1, &kMoment, nullptr)); },
          [] { AT(nullptr, epoll_pwait2(epoll, &event, 1, &kHour, nullptr)); }}},
        {"sigtimedwait",
         {[] { AT(nullptr, sigtimedwait(&usr2, nullptr, &kMoment)); },
          [] { AT(nullptr, sigtimedwait(&usr2, nullptr, &kHour)); }}},
        {"semtimedop", {[=] { try_semaphore(&kMoment); }, {}}},
    };
}
