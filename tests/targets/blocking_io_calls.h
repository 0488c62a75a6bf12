// SPDX-License-Identifier: Apache-2.0
//
// More calls that block, each with what makes it return: the wrapped ones of I/O, locks on files, children
// and queues, also left by signals, jumps and cancellation.
#pragma once

#include <sys/sendfile.h>
#include <sys/uio.h>

#include "tests/targets/blocking_calls.h"

namespace calls {

inline char io_bytes[200'000];
inline iovec io_part{io_bytes, 8};
inline msghdr io_message{nullptr, 0, &io_part, 1, nullptr, 0, 0};

inline void make_full_pipe() {
    make_pipe();
    fill(my->ends[1]);
}
inline void make_full_sockets() {
    make_sockets();
    fill(my->ends[1]);
}

/// One that has as many callers waiting as it takes.
inline void make_busy_listener() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "interrupted_calls_%d", getpid());
    const auto connect_to_it = [=](int caller) {
        return connect(caller, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    };
    my->ends[0] = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(my->ends[0], reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(my->ends[0], 0) != 0 || connect_to_it(socket(AF_UNIX, SOCK_STREAM, 0)) != 0)
        fail("listen");
    my->file = socket(AF_UNIX, SOCK_STREAM, 0);
}
inline long connect_to_busy_listener() {
    sockaddr_un address{};
    socklen_t length = sizeof(address);
    getsockname(my->ends[0], reinterpret_cast<sockaddr*>(&address), &length);
    return connect(my->file, reinterpret_cast<const sockaddr*>(&address), length);
}

inline Calls more_transfers() {
    static mmsghdr messages{io_message, 0};
    static const int null = open("/dev/null", O_RDWR);
    static const int source = open("/proc/self/exe", O_RDONLY);
    const auto read_by = [](long (*call)()) { return Call{make_pipe, call, put}; };
    const auto receive_by = [](long (*call)()) { return Call{make_sockets, call, put}; };
    const auto write_by = [](long (*call)()) { return Call{make_full_pipe, call, drain}; };
    const auto send_by = [](long (*call)()) { return Call{make_full_sockets, call, drain}; };
    return {
        {"readv", read_by([] { return readv(my->ends[0], &io_part, 1); })},
        {"preadv2", read_by([] { return preadv2(my->ends[0], &io_part, 1, -1, 0); })},
        {"splice", read_by([] { return splice(my->ends[0], nullptr, null, nullptr, 2, 0); })},
        {"recvfrom", receive_by([] { return recvfrom(my->ends[0], io_bytes, 8, 0, nullptr, nullptr); })},
        {"recvmsg", receive_by([] { return recvmsg(my->ends[0], &io_message, 0); })},
        {"writev", write_by([] { return writev(my->ends[1], &io_part, 1); })},
        {"pwritev2", write_by([] { return pwritev2(my->ends[1], &io_part, 1, -1, 0); })},
        {"sendfile", write_by([] { return sendfile(my->ends[1], source, nullptr, 8); })},
        {"sendto", send_by([] { return sendto(my->ends[1], io_bytes, 8, 0, nullptr, 0); })},
        {"sendmsg", send_by([] { return sendmsg(my->ends[1], &io_message, 0); })},
        {"sendmmsg", send_by([] { return static_cast<long>(sendmmsg(my->ends[1], &messages, 1, 0)); })},
        {"accept4",
         {listen_on_loopback, [] { return accept4(my->ends[0], nullptr, nullptr, 0) >= 0 ? 1 : -1; },
          connect_to_loopback}},
        {"connect_unix", {make_busy_listener, connect_to_busy_listener, [] { accept(my->ends[0], nullptr, nullptr); }}},
    };
}

/// Ended by the program's own signal, or, where its handler has SA_RESTART, not.
inline Calls signalled_transfers() {
    static const auto with_handler = [](void (*prepare)()) { return [=] { prepare(), handle_usr2(); }; };
    static const auto handle_and_restart = [] {
        signal(SIGUSR2, [](int) {
            // A wait in a handler that interrupts one.
            int inner[2];
            char byte = 0;
            if (pipe(inner) == 0 && write(inner[1], &byte, 1) == 1 && read(inner[0], &byte, 1) == 1) ++handled;
            close(inner[0]);
            close(inner[1]);
        });
    };
    static const auto after_handler = [](void (*finish)()) {
        return [=] {
            send_usr2();
            gate::await([] { return handled.load() > 0; });
            finish();
        };
    };
    static const auto jumps_back = [] { signal(SIGUSR2, [](int) { siglongjmp(my->back, 1); }); };
    return {
        {"read_until_signal", {with_handler(make_pipe), [] { return read(my->ends[0], io_bytes, 8); }, send_usr2}},
        {"recv_until_signal",
         {with_handler(make_sockets), [] { return recv(my->ends[0], io_bytes, 8, 0); }, send_usr2}},
        {"accept_until_signal",
         {with_handler(listen_on_loopback), [] { return accept(my->ends[0], nullptr, nullptr); }, send_usr2}},
        {"write_pipe_more_until_signal",
         {with_handler(make_pipe), [] { return write(my->ends[1], io_bytes, sizeof(io_bytes)); }, send_usr2}},
        {"select_until_signal",
         {with_handler(make_pipe),
          [] {
              fd_set set;
              FD_ZERO(&set);
              FD_SET(my->ends[0], &set);
              return static_cast<long>(select(my->ends[0] + 1, &set, nullptr, nullptr, nullptr));
          },
          send_usr2}},
        {"flock_until_signal", {with_handler(lock_file), [] { return flock(my->file, LOCK_EX); }, send_usr2}},
        {"lockf_until_signal", {with_handler(lock_range), [] { return lockf(my->file, F_LOCK, 0); }, send_usr2}},
        {"waitpid_until_signal", {with_handler(make_child), [] { return waitpid(my->child, nullptr, 0); }, send_usr2}},
        {"read_restarted",
         {[] { make_pipe(), handle_and_restart(); }, [] { return read(my->ends[0], io_bytes, 8); },
          after_handler(put)}},
        {"recv_restarted",
         {[] { make_sockets(), handle_and_restart(); }, [] { return recv(my->ends[0], io_bytes, 8, 0); },
          after_handler(put)}},
        {"read_cancelled",
         {make_pipe, [] { return read(my->ends[0], io_bytes, 8); }, [] { pthread_cancel(my->caller); }}},
        {"accept_cancelled",
         {listen_on_loopback, [] { return accept(my->ends[0], nullptr, nullptr); },
          [] { pthread_cancel(my->caller); }}},
        {"lockf_cancelled",
         {lock_range, [] { return lockf(my->file, F_LOCK, 0); }, [] { pthread_cancel(my->caller); }}},
        {"read_left_by_jump",
         {[] { make_pipe(), jumps_back(); },
          [] { return sigsetjmp(my->back, 1) != 0 ? 77 : read(my->ends[0], io_bytes, 8); }, send_usr2}},
    };
}

inline Calls more_waits() {
    static char message[8];
    static const auto wait_status = [](pid_t got, int status) { return got == my->child ? WEXITSTATUS(status) : -1; };
    static const auto make_full_queue = [] {
        make_queue();
        mq_send(my->file, message, 1, 0);
    };
    static std::string command;
    return {
        {"lockf", {lock_range, [] { return lockf(my->file, F_LOCK, 0); }, close_other}},
        {"lock_range_of_process",
         {lock_range,
          [] {
              struct flock lock {};
              lock.l_type = F_WRLCK;
              return fcntl(my->file, F_SETLKW, &lock);
          },
          close_other}},
        {"wait",
         {make_child,
          [] {
              int status = 0;
              const pid_t got = wait(&status);
              return wait_status(got, status);
          },
          close_other}},
        {"wait4",
         {make_child,
          [] {
              int status = 0;
              const pid_t got = wait4(my->child, &status, 0, nullptr);
              return wait_status(got, status);
          },
          close_other}},
        {"system",
         {[] {
              make_pipe();
              fcntl(my->ends[1], F_SETFD, FD_CLOEXEC);
              command = "cat <&" + std::to_string(my->ends[0]) + "; exit 7";
          },
          [] { return WEXITSTATUS(system(command.c_str())); }, close_other}},
        {"mq_send",
         {make_full_queue, [] { return mq_send(my->file, message, 1, 0); },
          [] { mq_receive(my->file, message, sizeof(message), nullptr); }}},
        {"mq_timedsend",
         {make_full_queue,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return mq_timedsend(my->file, message, 1, 0, &end);
          },
          {}}},
    };
}

}  // namespace calls
