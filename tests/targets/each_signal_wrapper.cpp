// SPDX-License-Identifier: Apache-2.0
//
// The rows of each_wrapper that are about signals, timers, transfers and descriptors.
#include <aio.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netdb.h>
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
decltype(lio_listio) mid_lio_listio, old_lio_listio;
decltype(lio_listio64) mid_lio_listio64, old_lio_listio64;
sighandler_t bsd_signal(int, sighandler_t);
int __sigaction(int, const struct sigaction*, struct sigaction*);
int __poll_chk(pollfd*, nfds_t, int, size_t);
}
__asm__(".symver mid_timer_create,timer_create@GLIBC_2.3.3");
__asm__(".symver old_timer_create,timer_create@GLIBC_2.2.5");
__asm__(".symver mid_lio_listio,lio_listio@GLIBC_2.4");
__asm__(".symver old_lio_listio,lio_listio@GLIBC_2.2.5");
__asm__(".symver mid_lio_listio64,lio_listio64@GLIBC_2.4");
__asm__(".symver old_lio_listio64,lio_listio64@GLIBC_2.2.5");

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

/// Of a byte that never comes.
template <typename Transfer>
Transfer* make_transfer() {
    static char byte;
    static Transfer transfer;
    int ends[2];
    if (pipe(ends) != 0) abort();
    transfer.aio_fildes = ends[0];
    transfer.aio_buf = &byte;
    transfer.aio_nbytes = 1;
    transfer.aio_lio_opcode = LIO_READ;
    return &transfer;
}

template <typename Transfer>
Row list_row(int (*begin)(int, Transfer* const*, int, sigevent*)) {
    return {[=] {
                Transfer* const list[] = {make_transfer<Transfer>()};
                AT(nullptr, begin(LIO_NOWAIT, list, 1, nullptr));
            },
            {}};
}

void ask_for_message() {
    const std::string name = "/each_wrapper_" + std::to_string(getpid());
    const mqd_t queue = mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDONLY, 0600, nullptr);
    if (queue < 0) abort();
    mq_unlink(name.c_str());
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGURG;
    AT(nullptr, mq_notify(queue, &event));
}

void ask_for_name() {
    static gaicb name{};
    static gaicb* list[] = {&name};
    name.ar_name = "127.0.0.1";
    AT(nullptr, getaddrinfo_a(GAI_NOWAIT, list, 1, nullptr));
}

std::map<std::string, Row> completion_rows() {
    return {
        {"aio_read", {[] { AT(nullptr, aio_read(make_transfer<aiocb>())); }, {}}},
        {"aio_read64", {[] { AT(nullptr, aio_read64(make_transfer<aiocb64>())); }, {}}},
        {"aio_write", {[] { AT(nullptr, aio_write(make_transfer<aiocb>())); }, {}}},
        {"aio_write64", {[] { AT(nullptr, aio_write64(make_transfer<aiocb64>())); }, {}}},
        {"aio_fsync", {[] { AT(nullptr, aio_fsync(O_SYNC, make_transfer<aiocb>())); }, {}}},
        {"aio_fsync64", {[] { AT(nullptr, aio_fsync64(O_SYNC, make_transfer<aiocb64>())); }, {}}},
        {"lio_listio@new", list_row<aiocb>(lio_listio)},
        {"lio_listio@mid", list_row<aiocb>(mid_lio_listio)},
        {"lio_listio@old", list_row<aiocb>(old_lio_listio)},
        {"lio_listio64@new", list_row<aiocb64>(lio_listio64)},
        {"lio_listio64@mid", list_row<aiocb64>(mid_lio_listio64)},
        {"lio_listio64@old", list_row<aiocb64>(old_lio_listio64)},
        {"mq_notify", {ask_for_message, {}}},
        {"getaddrinfo_a", {ask_for_name, {}}},
    };
}

}  // namespace

std::map<std::string, Row> waker_rows() {
    static const itimerval kHours{{}, {3600, 0}};
    static struct sigaction action {};
    action.sa_handler = handle;
    const auto make_timer = [](auto create_timer) {
        timer_t timer;
        create_timer(CLOCK_MONOTONIC, nullptr, &timer);
    };
    std::map<std::string, Row> rows = completion_rows();
    rows.merge(std::map<std::string, Row>{
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
    });
    return rows;
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
