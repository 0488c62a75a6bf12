// SPDX-License-Identifier: Apache-2.0
//
// What the calls of blocking_calls.h need: objects to block on, and what ends the waiting.
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

/// What one call blocks on, and how it goes.
struct Objects {
    std::atomic<long> caller_tid{0};
    std::atomic<bool> returned{false};
    pthread_t caller;
    sigjmp_buf back;
    int ends[2];  ///< a pipe, or a pair of sockets
    int file = -1;
    sem_t semaphore;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    std::atomic<bool> condition_holds{false};
    pthread_t joined;
    std::atomic<int> word{0};
    int semaphores = -1;
    int messages = -1;
    pid_t child = -1;
    std::string path;
    pollfd polled{};
    fd_set set;
    aiocb control{};
    aio_context_t context = 0;
};
inline Objects only_objects;
/// Of the call that this thread makes, or helps.
inline thread_local Objects* my = &only_objects;

inline std::atomic<int> handled{0};

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
    if (pipe(my->ends) != 0) fail("pipe");
}
inline void make_sockets() {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, my->ends) != 0) fail("socketpair");
}
inline void put() {
    if (write(my->ends[1], "x\n", 2) != 2) fail("write");
}
inline void handle_usr2() {
    struct sigaction action {};
    action.sa_handler = [](int) { ++handled; };
    sigaction(SIGUSR2, &action, nullptr);
}
inline void send_usr2() {
    syscall(SYS_tgkill, getpid(), my->caller_tid.load(), SIGUSR2);
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
    fcntl(my->ends[0], F_SETFL, O_NONBLOCK);
    char bytes[65536];
    gate::await([&] {
        while (read(my->ends[0], bytes, sizeof(bytes)) > 0) {
        }
        return my->returned.load();
    });
}
/// Half of what a writer waits with, so that a signal meets it with a part already written.
inline void limit_receiving() {
    timeval time{0, kShort / 1000};
    setsockopt(my->ends[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}
inline void limit_sending() {
    timeval time{0, kShort / 1000};
    setsockopt(my->ends[1], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}
inline void listen_on_loopback() {
    my->ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    if (bind(my->ends[0], reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(my->ends[0], 4) != 0 ||
        getsockname(my->ends[0], reinterpret_cast<sockaddr*>(&address), &length) != 0)
        fail("listen");
    my->word = ntohs(address.sin_port);
}
inline void connect_to_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(my->word.load()));
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) fail("connect");
}
inline void make_file() {
    char name[] = "/tmp/interrupted-call-XXXXXX";
    my->file = mkstemp(name);
    my->path = name;
}
inline void lock_file() {
    make_file();
    const int other = open(my->path.c_str(), O_RDWR);
    unlink(my->path.c_str());
    if (flock(other, LOCK_EX) != 0) fail("flock");
    my->ends[1] = other;
}
inline void lock_range() {
    make_file();
    const int other = open(my->path.c_str(), O_RDWR);
    unlink(my->path.c_str());
    struct flock lock {};
    lock.l_type = F_WRLCK;
    if (fcntl(other, F_OFD_SETLK, &lock) != 0) fail("F_OFD_SETLK");
    my->ends[1] = other;
}
inline void close_other() {
    close(my->ends[1]);
}
inline void make_fifo() {
    make_file();
    unlink(my->path.c_str());
    if (mkfifo(my->path.c_str(), 0600) != 0) fail("mkfifo");
}
inline void open_fifo() {
    my->ends[1] = open(my->path.c_str(), O_WRONLY);
    unlink(my->path.c_str());
}
inline void make_child() {
    make_pipe();
    my->child = fork();
    if (my->child == 0) {
        close(my->ends[1]);
        char byte;
        _exit(read(my->ends[0], &byte, 1) == 0 ? 5 : 6);
    }
    close(my->ends[0]);
}
inline void make_semaphores() {
    my->semaphores = semget(IPC_PRIVATE, 1, 0600);
    if (my->semaphores < 0) fail("semget");
}
inline void raise_semaphore() {
    sembuf operation{0, 1, 0};
    semop(my->semaphores, &operation, 1);
}
inline void make_messages() {
    my->messages = msgget(IPC_PRIVATE, 0600);
    if (my->messages < 0) fail("msgget");
}
inline void send_message() {
    long message[2] = {1, 2};
    msgsnd(my->messages, message, sizeof(long), 0);
}
// What outlives the process. Their ids overlap: a message queue's may be that of another test's semaphores.
inline void remove_ipc() {
    if (my->semaphores >= 0) semctl(my->semaphores, 0, IPC_RMID);
    if (my->messages >= 0) msgctl(my->messages, IPC_RMID, nullptr);
}
inline void make_queue() {
    const std::string name = "/interrupted-call-" + std::to_string(getpid());
    mq_attr attributes{};
    attributes.mq_maxmsg = 1;
    attributes.mq_msgsize = 8;
    my->file = mq_open(name.c_str(), O_RDWR | O_CREAT, 0600, &attributes);
    mq_unlink(name.c_str());
    if (my->file < 0) fail("mq_open");
}
inline void hold_mutex() {
    pthread_mutex_lock(&my->mutex);
}
inline void release_mutex() {
    pthread_mutex_unlock(&my->mutex);
}
inline long wait_for_condition(const timespec* deadline) {
    pthread_mutex_lock(&my->mutex);
    int error = 0;
    while (!my->condition_holds && error == 0) {
        error = deadline == nullptr ? pthread_cond_wait(&my->condition, &my->mutex)
                                    : pthread_cond_timedwait(&my->condition, &my->mutex, deadline);
    }
    pthread_mutex_unlock(&my->mutex);
    return error;
}
inline void signal_condition() {
    pthread_mutex_lock(&my->mutex);
    my->condition_holds = true;
    pthread_cond_signal(&my->condition);
    pthread_mutex_unlock(&my->mutex);
}
inline void* stays(void* objects) {
    char byte;
    gate::raw_call(SYS_read, static_cast<Objects*>(objects)->ends[0], pointer(&byte), 1);
    return nullptr;
}
inline void make_joined() {
    make_pipe();
    pthread_create(&my->joined, nullptr, stays, my);
}
inline void let_joined_go() {
    put();
}
inline void wake_word() {
    my->word = 1;
    gate::raw_call(SYS_futex, pointer(&my->word), 1, 1, 0);
}
inline void make_epoll() {
    make_pipe();
    my->file = epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(my->file, EPOLL_CTL_ADD, my->ends[0], &event);
}

}  // namespace calls
