// SPDX-License-Identifier: Apache-2.0
//
// Calls that block, each with what makes it return: for interrupted_calls.cpp.
#pragma once

#include <aio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>

#include "tests/support/gate.h"

namespace calls {

inline constexpr long kShort = 300'000'000;  ///< ns: every timeout that runs out here
inline constexpr timespec kShortTime{0, kShort};
inline constexpr timespec kLongTime{600, 0};
inline constexpr int kShortMs = kShort / 1'000'000;

inline std::atomic<long> caller_tid{0};
inline std::atomic<bool> returned{false};
inline pthread_t caller;
inline sigjmp_buf back;
inline int ends[2];  ///< a pipe, or a pair of sockets
inline int file = -1;
inline sem_t semaphore;
inline pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
inline pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
inline std::atomic<bool> condition_holds{false};
inline pthread_t joined;
inline gate::Flag let_go;
inline std::atomic<int> word{0};
inline int ipc = -1;
inline pid_t child = -1;
inline std::atomic<int> handled{0};
inline std::string path;

struct Call {
    std::function<void()> prepare;
    std::function<long()> call;
    std::function<void()> finish;  ///< empty: time does it
};

[[noreturn]] inline void fail(const char* what) {
    perror(what);
    exit(2);
}

inline uint64_t now() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

inline timespec at(clockid_t clock, const timespec& after) {
    timespec time;
    clock_gettime(clock, &time);
    time.tv_sec += after.tv_sec;
    time.tv_nsec += after.tv_nsec;
    if (time.tv_nsec >= 1'000'000'000) ++time.tv_sec, time.tv_nsec -= 1'000'000'000;
    return time;
}

/// A system call by an instruction of the program's own; sets errno as libc does.
inline long inline_call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    // The number right before the instruction, as in libc.
    switch (number) {
#define MAKE(name)                                                                   \
    case name:                                                                       \
        asm volatile("movl %1, %%eax\n\tsyscall"                                     \
                     : "=a"(result)                                                  \
                     : "i"(name), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) \
                     : "rcx", "r11", "memory");                                      \
        break
        MAKE(SYS_futex);
        MAKE(SYS_io_getevents);
        MAKE(SYS_poll);
        MAKE(SYS_nanosleep);
#undef MAKE
        default: abort();
    }
    if (result < 0) errno = static_cast<int>(-result), result = -1;
    return result;
}

template <typename T>
inline long pointer(T* object) {
    return reinterpret_cast<long>(object);
}

inline void nothing() {}
inline void make_pipe() {
    if (pipe(ends) != 0) fail("pipe");
}
inline void make_sockets() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) fail("socketpair");
}
inline void put() {
    if (write(ends[1], "x\n", 2) != 2) fail("write");
}
inline void handle_usr2() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++handled; };
    sigaction(SIGUSR2, &action, nullptr);
}
inline void send_usr2() {
    syscall(SYS_tgkill, getpid(), caller_tid.load(), SIGUSR2);
}
inline void block_usr2() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}
inline sigset_t only_usr2() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    return set;
}
inline void fill(int descriptor) {
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    char bytes[4096] = {};
    while (write(descriptor, bytes, sizeof(bytes)) > 0) {
    }
    while (write(descriptor, bytes, 1) > 0) {
    }
    fcntl(descriptor, F_SETFL, 0);
}
inline void drain() {
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    char bytes[65536];
    gate::await([&] {
        while (read(ends[0], bytes, sizeof(bytes)) > 0) {
        }
        return returned.load();
    });
}
/// Half of what a writer waits with, so that a signal meets it with a part already written.
inline void limit_receiving() {
    timeval time{0, kShort / 1000};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}
inline void listen_on_loopback() {
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (bind(ends[0], reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(ends[0], 4) != 0 ||
        getsockname(ends[0], reinterpret_cast<sockaddr*>(&address), &length) != 0)
        fail("listen");
    word = ntohs(address.sin_port);
}
inline void connect_to_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(word.load()));
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fail("connect");
}
inline void make_file() {
    char name[] = "/tmp/interrupted-call-XXXXXX";
    file = mkstemp(name);
    path = name;
}
inline void lock_file() {
    make_file();
    const int other = open(path.c_str(), O_RDWR);
    unlink(path.c_str());
    if (flock(other, LOCK_EX) != 0) fail("flock");
    ends[1] = other;
}
inline void lock_range() {
    make_file();
    const int other = open(path.c_str(), O_RDWR);
    unlink(path.c_str());
    struct flock lock {};
    lock.l_type = F_WRLCK;
    if (fcntl(other, F_OFD_SETLK, &lock) != 0) fail("F_OFD_SETLK");
    ends[1] = other;
}
inline void close_other() {
    close(ends[1]);
}
inline void make_fifo() {
    make_file();
    unlink(path.c_str());
    if (mkfifo(path.c_str(), 0600) != 0) fail("mkfifo");
}
inline void open_fifo() {
    ends[1] = open(path.c_str(), O_WRONLY);
    unlink(path.c_str());
}
inline void make_child() {
    make_pipe();
    child = fork();
    if (child == 0) {
        close(ends[1]);
        char byte;
        _exit(read(ends[0], &byte, 1) == 0 ? 5 : 6);
    }
    close(ends[0]);
}
inline void make_semaphores() {
    ipc = semget(IPC_PRIVATE, 1, 0600);
    if (ipc < 0) fail("semget");
}
inline void raise_semaphore() {
    sembuf operation{0, 1, 0};
    semop(ipc, &operation, 1);
}
inline void make_messages() {
    ipc = msgget(IPC_PRIVATE, 0600);
    if (ipc < 0) fail("msgget");
}
inline void send_message() {
    long message[2] = {1, 2};
    msgsnd(ipc, message, sizeof(long), 0);
}
inline void make_queue() {
    const std::string name = "/interrupted-call-" + std::to_string(getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 1;
    attributes.mq_msgsize = 8;
    file = mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, &attributes);
    mq_unlink(name.c_str());
    if (file < 0) fail("mq_open");
}
inline void hold_mutex() {
    pthread_mutex_lock(&mutex);
}
inline void release_mutex() {
    pthread_mutex_unlock(&mutex);
}
inline long wait_for_condition(const timespec* deadline) {
    pthread_mutex_lock(&mutex);
    int error = 0;
    while (!condition_holds && error == 0) {
        error = deadline == nullptr ? pthread_cond_wait(&condition, &mutex)
                                    : pthread_cond_timedwait(&condition, &mutex, deadline);
    }
    pthread_mutex_unlock(&mutex);
    return error;
}
inline void signal_condition() {
    pthread_mutex_lock(&mutex);
    condition_holds = true;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
}
inline void* stays(void*) {
    let_go.await_open();
    return nullptr;
}
inline void make_joined() {
    pthread_create(&joined, nullptr, stays, nullptr);
}
inline void let_joined_go() {
    let_go.open();
}
inline void wake_word() {
    word = 1;
    gate::raw_call(SYS_futex, pointer(&word), 1, 1, 0);
}
inline void make_epoll() {
    make_pipe();
    file = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(file, EPOLL_CTL_ADD, ends[0], &event);
}

using Calls = std::map<std::string, Call>;

inline Calls sleeps() {
    static timespec left;
    const auto left_tells = [](long result) { return left.tv_sec == 0 && left.tv_nsec <= kShort ? result : -99; };
    return {
        {"nanosleep", {nothing, [] { return nanosleep(&kShortTime, nullptr); }, {}}},
        {"nanosleep_left", {nothing, [=] { return left_tells(nanosleep(&kShortTime, &left)); }, {}}},
        {"nanosleep_until_signal",
         {handle_usr2,
          [] {
              timespec rest{-1, 0};
              const long result = nanosleep(&kLongTime, &rest);
              // What is left at the program's own signal: most of the time, but never all of it.
              return rest.tv_sec > 500 && rest.tv_sec < 600 ? result : -99;
          },
          send_usr2}},
        {"clock_nanosleep", {nothing, [] { return clock_nanosleep(CLOCK_MONOTONIC, 0, &kShortTime, nullptr); }, {}}},
        {"clock_nanosleep_until",
         {nothing,
          [] {
              const timespec end = at(CLOCK_MONOTONIC, kShortTime);
              return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr);
          },
          {}}},
        {"usleep", {nothing, [] { return usleep(kShort / 1000); }, {}}},
        {"sleep", {nothing, [] { return static_cast<long>(sleep(1)); }, {}}},
        {"nanosleep_inline",
         {nothing, [] { return inline_call(SYS_nanosleep, pointer(&kShortTime), 0, 0, 0, 0, 0); }, {}}},
    };
}

inline Calls polls() {
    static pollfd polled{};
    static epoll_event event;
    static fd_set set;
    const auto make_polled = [] {
        make_pipe();
        polled = {ends[0], POLLIN, 0};
    };
    const auto choose = [] {
        FD_ZERO(&set);
        FD_SET(ends[0], &set);
        return ends[0] + 1;
    };
    return {
        {"poll", {make_polled, [] { return poll(&polled, 1, -1); }, put}},
        {"poll_timeout", {make_polled, [] { return poll(&polled, 1, kShortMs); }, {}}},
        {"poll_long", {make_polled, [] { return poll(&polled, 1, 600'000); }, put}},
        {"poll_until_signal",
         {[=] { make_polled(), handle_usr2(); }, [] { return poll(&polled, 1, 600'000); }, send_usr2}},
        {"poll_cancelled", {make_polled, [] { return poll(&polled, 1, 600'000); }, [] { pthread_cancel(caller); }}},
        {"poll_left_by_jump",
         {[=] {
              make_polled();
              signal(SIGUSR2, [](int) { siglongjmp(back, 1); });
          },
          [] { return sigsetjmp(back, 1) != 0 ? 77 : poll(&polled, 1, 600'000); }, send_usr2}},
        {"poll_inline",
         {make_polled, [] { return inline_call(SYS_poll, pointer(&polled), 1, kShortMs, 0, 0, 0); }, {}}},
        {"ppoll", {make_polled, [] { return ppoll(&polled, 1, nullptr, nullptr); }, put}},
        {"ppoll_timeout", {make_polled, [] { return ppoll(&polled, 1, &kShortTime, nullptr); }, {}}},
        {"select", {make_pipe, [=] { return select(choose(), &set, nullptr, nullptr, nullptr); }, put}},
        {"select_timeout",
         {make_pipe,
          [=] {
              timeval time{0, kShort / 1000};
              return select(choose(), &set, nullptr, nullptr, &time);
          },
          {}}},
        {"pselect", {make_pipe, [=] { return pselect(choose(), &set, nullptr, nullptr, nullptr, nullptr); }, put}},
        {"pselect_timeout",
         {make_pipe, [=] { return pselect(choose(), &set, nullptr, nullptr, &kShortTime, nullptr); }, {}}},
        {"epoll_wait", {make_epoll, [] { return epoll_wait(file, &event, 1, -1); }, put}},
        {"epoll_wait_timeout", {make_epoll, [] { return epoll_wait(file, &event, 1, kShortMs); }, {}}},
        {"epoll_pwait", {make_epoll, [] { return epoll_pwait(file, &event, 1, -1, nullptr); }, put}},
        {"epoll_pwait_timeout", {make_epoll, [] { return epoll_pwait(file, &event, 1, kShortMs, nullptr); }, {}}},
        {"epoll_pwait2", {make_epoll, [] { return epoll_pwait2(file, &event, 1, nullptr, nullptr); }, put}},
        {"epoll_pwait2_timeout", {make_epoll, [] { return epoll_pwait2(file, &event, 1, &kShortTime, nullptr); }, {}}},
    };
}

inline Calls signal_waits() {
    static sigset_t none;
    return {
        {"pause", {handle_usr2, [] { return pause(); }, send_usr2}},
        {"sigsuspend",
         {[] { handle_usr2(), block_usr2(), sigemptyset(&none); }, [] { return sigsuspend(&none); }, send_usr2}},
        {"sigwait",
         {block_usr2,
          [] {
              const sigset_t set = only_usr2();
              int got = 0;
              return sigwait(&set, &got) * 100L + got;
          },
          send_usr2}},
        {"sigwaitinfo",
         {block_usr2,
          [] {
              const sigset_t set = only_usr2();
              return sigwaitinfo(&set, nullptr);
          },
          send_usr2}},
        {"sigtimedwait",
         {block_usr2,
          [] {
              const sigset_t set = only_usr2();
              return sigtimedwait(&set, nullptr, &kLongTime);
          },
          send_usr2}},
        {"sigtimedwait_timeout",
         {block_usr2,
          [] {
              const sigset_t set = only_usr2();
              return sigtimedwait(&set, nullptr, &kShortTime);
          },
          {}}},
    };
}

inline Calls ipc_waits() {
    static sembuf down{0, -1, 0};
    static long message[2];
    static char bytes[8];
    return {
        {"semop", {make_semaphores, [] { return semop(ipc, &down, 1); }, raise_semaphore}},
        {"semtimedop", {make_semaphores, [] { return semtimedop(ipc, &down, 1, &kLongTime); }, raise_semaphore}},
        {"semtimedop_timeout", {make_semaphores, [] { return semtimedop(ipc, &down, 1, &kShortTime); }, {}}},
        {"msgrcv", {make_messages, [] { return msgrcv(ipc, message, sizeof(long), 0, 0); }, send_message}},
        {"mq_receive",
         {make_queue, [] { return mq_receive(file, bytes, 8, nullptr); }, [] { mq_send(file, "x", 1, 0); }}},
        {"mq_timedreceive",
         {make_queue,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return mq_timedreceive(file, bytes, 8, nullptr, &end);
          },
          {}}},
    };
}

inline Calls thread_waits() {
    const auto post = [] { sem_post(&semaphore); };
    const auto futex = [](int operation, const timespec* time) {
        return inline_call(SYS_futex, pointer(&word), operation, 0, pointer(time), 0, ~0U);
    };
    return {
        {"sem_wait", {nothing, [] { return sem_wait(&semaphore); }, post}},
        {"sem_timedwait",
         {nothing,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return sem_timedwait(&semaphore, &end);
          },
          {}}},
        {"sem_clockwait",
         {nothing,
          [] {
              const timespec end = at(CLOCK_MONOTONIC, kShortTime);
              return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &end);
          },
          {}}},
        {"futex", {nothing, [=] { return futex(0, nullptr); }, wake_word}},
        {"futex_timeout", {nothing, [=] { return futex(0, &kShortTime); }, {}}},
        {"futex_until",
         {nothing,
          [=] {
              const timespec end = at(CLOCK_MONOTONIC, kShortTime);
              return futex(9, &end);
          },
          {}}},
        {"mutex", {hold_mutex, [] { return pthread_mutex_lock(&mutex); }, release_mutex}},
        {"mutex_timed",
         {hold_mutex,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return pthread_mutex_timedlock(&mutex, &end);
          },
          {}}},
        {"condition", {nothing, [] { return wait_for_condition(nullptr); }, signal_condition}},
        {"condition_timed",
         {nothing,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return wait_for_condition(&end);
          },
          {}}},
        {"join", {make_joined, [] { return pthread_join(joined, nullptr); }, let_joined_go}},
        {"join_timed",
         {make_joined,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return pthread_timedjoin_np(joined, nullptr, &end);
          },
          {}}},
    };
}

inline Calls transfers() {
    static char bytes[200'000];
    const auto receive = [] { return recv(ends[0], bytes, sizeof(bytes), 0); };
    return {
        {"read_pipe", {make_pipe, [] { return read(ends[0], bytes, 8); }, put}},
        {"read_eventfd",
         {[] { file = eventfd(0, 0); }, [] { return read(file, bytes, 8); }, [] { eventfd_write(file, 1); }}},
        {"read_timerfd",
         {[] {
              file = timerfd_create(CLOCK_MONOTONIC, 0);
              const itimerspec once{{}, kShortTime};
              timerfd_settime(file, 0, &once, nullptr);
          },
          [] { return read(file, bytes, 8); }, nothing}},
        {"read_inotify",
         {[] {
              make_file();
              unlink(path.c_str());
              ends[1] = file;
              file = inotify_init();
              inotify_add_watch(file, ("/proc/self/fd/" + std::to_string(ends[1])).c_str(), IN_ATTRIB);
          },
          [] { return read(file, bytes, 64); }, [] { fchmod(ends[1], 0400); }}},
        {"read_signalfd",
         {[] {
              block_usr2();
              const sigset_t set = only_usr2();
              file = signalfd(-1, &set, 0);
          },
          [] { return read(file, bytes, sizeof(bytes)) > 0 ? 1 : -1; }, send_usr2}},
        {"fgets", {make_pipe, [] { return fgets(bytes, 8, fdopen(ends[0], "r")) == bytes ? 1 : -1; }, put}},
        {"recv", {make_sockets, receive, put}},
        {"recv_timeout", {[] { make_sockets(), limit_receiving(); }, receive, put}},
        {"recvmmsg",
         {make_sockets,
          [] {
              iovec part{bytes, 8};
              mmsghdr header{};
              header.msg_hdr.msg_iov = &part;
              header.msg_hdr.msg_iovlen = 1;
              return recvmmsg(ends[0], &header, 1, 0, nullptr);
          },
          put}},
        {"accept",
         {listen_on_loopback, [] { return accept(ends[0], nullptr, nullptr) >= 0 ? 1 : -1; }, connect_to_loopback}},
        {"accept_timeout",
         {[] { listen_on_loopback(), limit_receiving(); },
          [] { return accept(ends[0], nullptr, nullptr) >= 0 ? 1 : -1; }, connect_to_loopback}},
        {"write_pipe", {[] { make_pipe(), fill(ends[1]); }, [] { return write(ends[1], bytes, 8); }, drain}},
        {"write_pipe_more", {make_pipe, [] { return write(ends[1], bytes, sizeof(bytes)); }, drain}},
        {"send", {[] { make_sockets(), fill(ends[1]); }, [] { return send(ends[1], bytes, 8, 0); }, drain}},
        {"send_more",
         {[] {
              make_sockets();
              const int small = 4096;
              setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
          },
          [] { return send(ends[1], bytes, sizeof(bytes), 0); }, drain}},
    };
}

inline Calls other_waits() {
    static aiocb control;
    static char bytes[8];
    static aio_context_t context;
    const auto wait_for_aio = [](const timespec* time) {
        control.aio_fildes = ends[0];
        control.aio_buf = bytes;
        control.aio_nbytes = 1;
        aio_read(&control);
        const aiocb* const list[] = {&control};
        return aio_suspend(list, 1, time);
    };
    return {
        {"flock", {lock_file, [] { return flock(file, LOCK_EX); }, close_other}},
        {"lock_range",
         {lock_range,
          [] {
              struct flock lock {};
              lock.l_type = F_WRLCK;
              return fcntl(file, F_OFD_SETLKW, &lock);
          },
          close_other}},
        {"open_fifo", {make_fifo, [] { return open(path.c_str(), O_RDONLY) >= 0 ? 1 : -1; }, open_fifo}},
        {"waitpid",
         {make_child,
          [] {
              int status = 0;
              return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : -1;
          },
          close_other}},
        {"waitid",
         {make_child,
          [] {
              siginfo_t info{};
              return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED) == 0 ? info.si_status : -1;
          },
          close_other}},
        {"aio_suspend", {make_pipe, [=] { return wait_for_aio(nullptr); }, put}},
        {"aio_suspend_timeout", {make_pipe, [=] { return wait_for_aio(&kShortTime); }, {}}},
        {"io_getevents",
         {[] { syscall(SYS_io_setup, 1, &context); },
          [] {
              static io_event event;
              return inline_call(SYS_io_getevents, static_cast<long>(context), 1, 1, pointer(&event),
                                 pointer(&kShortTime), 0);
          },
          {}}},
    };
}

inline Calls all_calls() {
    Calls all;
    for (auto&& some : {sleeps(), polls(), signal_waits(), ipc_waits(), thread_waits(), transfers(), other_waits()}) {
        all.insert(some.begin(), some.end());
    }
    return all;
}

}  // namespace calls
