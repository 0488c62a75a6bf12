// SPDX-License-Identifier: Apache-2.0
//
// Calls that block, each with what makes it return: for interrupted_calls.cpp.
#pragma once

#include "tests/targets/blocking_objects.h"

namespace calls {

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
    static epoll_event event;
    const auto make_polled = [] {
        make_pipe();
        my->polled = {my->ends[0], POLLIN, 0};
    };
    const auto choose = [] {
        FD_ZERO(&my->set);
        FD_SET(my->ends[0], &my->set);
        return my->ends[0] + 1;
    };
    return {
        {"poll", {make_polled, [] { return poll(&my->polled, 1, -1); }, put}},
        {"poll_timeout", {make_polled, [] { return poll(&my->polled, 1, kShortMs); }, {}}},
        {"poll_long", {make_polled, [] { return poll(&my->polled, 1, 600'000); }, put}},
        {"poll_until_signal",
         {[=] { make_polled(), handle_usr2(); }, [] { return poll(&my->polled, 1, 600'000); }, send_usr2}},
        {"poll_cancelled",
         {make_polled, [] { return poll(&my->polled, 1, 600'000); }, [] { pthread_cancel(my->caller); }}},
        {"poll_left_by_jump",
         {[=] {
              make_polled();
              signal(SIGUSR2, [](int) { siglongjmp(my->back, 1); });
          },
          [] { return sigsetjmp(my->back, 1) != 0 ? 77 : poll(&my->polled, 1, 600'000); }, send_usr2}},
        {"poll_inline",
         {make_polled, [] { return inline_call(SYS_poll, pointer(&my->polled), 1, kShortMs, 0, 0, 0); }, {}}},
        {"ppoll", {make_polled, [] { return ppoll(&my->polled, 1, nullptr, nullptr); }, put}},
        {"ppoll_timeout", {make_polled, [] { return ppoll(&my->polled, 1, &kShortTime, nullptr); }, {}}},
        {"select", {make_pipe, [=] { return select(choose(), &my->set, nullptr, nullptr, nullptr); }, put}},
        {"select_timeout",
         {make_pipe,
          [=] {
              timeval time{0, kShort / 1000};
              return select(choose(), &my->set, nullptr, nullptr, &time);
          },
          {}}},
        {"pselect", {make_pipe, [=] { return pselect(choose(), &my->set, nullptr, nullptr, nullptr, nullptr); }, put}},
        {"pselect_timeout",
         {make_pipe, [=] { return pselect(choose(), &my->set, nullptr, nullptr, &kShortTime, nullptr); }, {}}},
        {"epoll_wait", {make_epoll, [] { return epoll_wait(my->file, &event, 1, -1); }, put}},
        {"epoll_wait_timeout", {make_epoll, [] { return epoll_wait(my->file, &event, 1, kShortMs); }, {}}},
        {"epoll_pwait", {make_epoll, [] { return epoll_pwait(my->file, &event, 1, -1, nullptr); }, put}},
        {"epoll_pwait_timeout", {make_epoll, [] { return epoll_pwait(my->file, &event, 1, kShortMs, nullptr); }, {}}},
        {"epoll_pwait2", {make_epoll, [] { return epoll_pwait2(my->file, &event, 1, nullptr, nullptr); }, put}},
        {"epoll_pwait2_timeout",
         {make_epoll, [] { return epoll_pwait2(my->file, &event, 1, &kShortTime, nullptr); }, {}}},
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
        {"semop", {make_semaphores, [] { return semop(my->semaphores, &down, 1); }, raise_semaphore}},
        {"semtimedop",
         {make_semaphores, [] { return semtimedop(my->semaphores, &down, 1, &kLongTime); }, raise_semaphore}},
        {"semtimedop_timeout", {make_semaphores, [] { return semtimedop(my->semaphores, &down, 1, &kShortTime); }, {}}},
        {"msgrcv", {make_messages, [] { return msgrcv(my->messages, message, sizeof(long), 0, 0); }, send_message}},
        {"mq_receive",
         {make_queue, [] { return mq_receive(my->file, bytes, 8, nullptr); }, [] { mq_send(my->file, "x", 1, 0); }}},
        {"mq_timedreceive",
         {make_queue,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return mq_timedreceive(my->file, bytes, 8, nullptr, &end);
          },
          {}}},
    };
}

inline Calls thread_waits() {
    const auto post = [] { sem_post(&my->semaphore); };
    const auto futex = [](int operation, const timespec* time) {
        return inline_call(SYS_futex, pointer(&my->word), operation, 0, pointer(time), 0, ~0U);
    };
    return {
        {"sem_wait", {nothing, [] { return sem_wait(&my->semaphore); }, post}},
        {"sem_timedwait",
         {nothing,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return sem_timedwait(&my->semaphore, &end);
          },
          {}}},
        {"sem_clockwait",
         {nothing,
          [] {
              const timespec end = at(CLOCK_MONOTONIC, kShortTime);
              return sem_clockwait(&my->semaphore, CLOCK_MONOTONIC, &end);
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
        {"mutex", {hold_mutex, [] { return pthread_mutex_lock(&my->mutex); }, release_mutex}},
        {"mutex_timed",
         {hold_mutex,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return pthread_mutex_timedlock(&my->mutex, &end);
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
        {"join", {make_joined, [] { return pthread_join(my->joined, nullptr); }, let_joined_go}},
        {"join_timed",
         {make_joined,
          [] {
              const timespec end = at(CLOCK_REALTIME, kShortTime);
              return pthread_timedjoin_np(my->joined, nullptr, &end);
          },
          {}}},
    };
}

inline Calls transfers() {
    static char bytes[200'000];
    const auto receive = [] { return recv(my->ends[0], bytes, sizeof(bytes), 0); };
    return {
        {"read_pipe", {make_pipe, [] { return read(my->ends[0], bytes, 8); }, put}},
        {"read_eventfd",
         {[] { my->file = eventfd(0, 0); }, [] { return read(my->file, bytes, 8); },
          [] { eventfd_write(my->file, 1); }}},
        {"read_timerfd",
         {[] {
              my->file = timerfd_create(CLOCK_MONOTONIC, 0);
              const itimerspec once{{}, kLongTime};
              timerfd_settime(my->file, 0, &once, nullptr);
          },
          [] { return read(my->file, bytes, 8); },
          [] {
              const itimerspec at_once{{}, {0, 1}};
              timerfd_settime(my->file, 0, &at_once, nullptr);
          }}},
        {"read_inotify",
         {[] {
              make_file();
              unlink(my->path.c_str());
              my->ends[1] = my->file;
              my->file = inotify_init();
              inotify_add_watch(my->file, ("/proc/self/fd/" + std::to_string(my->ends[1])).c_str(), IN_ATTRIB);
          },
          [] { return read(my->file, bytes, 64); }, [] { fchmod(my->ends[1], 0400); }}},
        {"read_signalfd",
         {[] {
              block_usr2();
              const sigset_t set = only_usr2();
              my->file = signalfd(-1, &set, 0);
          },
          [] { return read(my->file, bytes, sizeof(bytes)) > 0 ? 1 : -1; }, send_usr2}},
        {"fgets", {make_pipe, [] { return fgets(bytes, 8, fdopen(my->ends[0], "r")) == bytes ? 1 : -1; }, put}},
        {"recv", {make_sockets, receive, put}},
        {"recv_timeout", {[] { make_sockets(), limit_receiving(); }, receive, put}},
        {"read_timeout", {[] { make_sockets(), limit_receiving(); }, [] { return read(my->ends[0], bytes, 8); }, put}},
        {"write_timeout",
         {[] { make_sockets(), fill(my->ends[1]), limit_sending(); }, [] { return write(my->ends[1], bytes, 8); },
          drain}},
        {"recvmmsg",
         {make_sockets,
          [] {
              iovec part{bytes, 8};
              mmsghdr header{};
              header.msg_hdr.msg_iov = &part;
              header.msg_hdr.msg_iovlen = 1;
              return recvmmsg(my->ends[0], &header, 1, 0, nullptr);
          },
          put}},
        {"accept",
         {listen_on_loopback, [] { return accept(my->ends[0], nullptr, nullptr) >= 0 ? 1 : -1; }, connect_to_loopback}},
        {"accept_timeout",
         {[] { listen_on_loopback(), limit_receiving(); },
          [] { return accept(my->ends[0], nullptr, nullptr) >= 0 ? 1 : -1; }, connect_to_loopback}},
        {"write_pipe", {[] { make_pipe(), fill(my->ends[1]); }, [] { return write(my->ends[1], bytes, 8); }, drain}},
        {"write_pipe_more", {make_pipe, [] { return write(my->ends[1], bytes, sizeof(bytes)); }, drain}},
        {"send", {[] { make_sockets(), fill(my->ends[1]); }, [] { return send(my->ends[1], bytes, 8, 0); }, drain}},
        {"send_more",
         {[] {
              make_sockets();
              const int small = 4096;
              setsockopt(my->ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
          },
          [] { return send(my->ends[1], bytes, sizeof(bytes), 0); }, drain}},
    };
}

inline Calls other_waits() {
    static char bytes[8];
    const auto wait_for_aio = [](const timespec* time) {
        if (my->control.aio_buf == nullptr) {
            my->control.aio_fildes = my->ends[0];
            my->control.aio_buf = bytes;
            my->control.aio_nbytes = 1;
            aio_read(&my->control);
        }
        const aiocb* const list[] = {&my->control};
        return aio_suspend(list, 1, time);
    };
    return {
        {"flock", {lock_file, [] { return flock(my->file, LOCK_EX); }, close_other}},
        {"lock_range",
         {lock_range,
          [] {
              struct flock lock {};
              lock.l_type = F_WRLCK;
              return fcntl(my->file, F_OFD_SETLKW, &lock);
          },
          close_other}},
        {"open_fifo", {make_fifo, [] { return open(my->path.c_str(), O_RDONLY) >= 0 ? 1 : -1; }, open_fifo}},
        {"waitpid",
         {make_child,
          [] {
              int status = 0;
              return waitpid(my->child, &status, 0) == my->child ? WEXITSTATUS(status) : -1;
          },
          close_other}},
        {"waitid",
         {make_child,
          [] {
              siginfo_t info{};
              return waitid(P_PID, static_cast<id_t>(my->child), &info, WEXITED) == 0 ? info.si_status : -1;
          },
          close_other}},
        {"aio_suspend", {make_pipe, [=] { return wait_for_aio(nullptr); }, put}},
        {"aio_suspend_timeout", {make_pipe, [=] { return wait_for_aio(&kShortTime); }, {}}},
        {"io_getevents",
         {[] { syscall(SYS_io_setup, 1, &my->context); },
          [] {
              static io_event event;
              return inline_call(SYS_io_getevents, static_cast<long>(my->context), 1, 1, pointer(&event),
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
