// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of calls that wait for descriptors, at most for a relative time: published with its end, also
// so that a call which our own signal interrupts goes on with the time that is left
// (interrupted_call.cpp). All are cancellation points. Most loops over descriptors only look, with no time
// to wait at all: that is not published.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"

namespace preload {

namespace {

using protocol::kNoDescriptor;

template <typename Call>
int poll_until(Function function, uint64_t descriptor, uint64_t deadline_ns, const CallerFrame& caller, Call call) {
    return call_briefly({WaitKind::kIo, function, 0, 0, 0, descriptor, deadline_ns}, caller, call);
}

template <typename Call>
int poll_in_ms(Function function, uint64_t descriptor, int milliseconds, const CallerFrame& caller, Call call) {
    if (milliseconds == 0) return call();
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    return poll_until(function, descriptor, milliseconds < 0 ? 0 : deadline_after(&time), caller, call);
}

template <typename Call>
int poll_in(Function function, uint64_t descriptor, const timespec* timeout, const CallerFrame& caller, Call call) {
    timespec time{};
    const bool is_given = timeout != nullptr && copy_argument(timeout, &time, sizeof(time));
    if (is_given && time.tv_sec == 0 && time.tv_nsec == 0) return call();
    return poll_until(function, descriptor, deadline_in(timeout), caller, call);
}

}  // namespace

extern "C" {

EXPORTED int poll(pollfd* descriptors, nfds_t count, int timeout) {
    return poll_in_ms(Function::k_poll, kNoDescriptor, timeout, CALLER_FRAME,
                      [=] { return real::poll(descriptors, count, timeout); });
}

EXPORTED int __poll_chk(pollfd* descriptors, nfds_t count, int timeout, size_t bytes) {
    return poll_in_ms(Function::k___poll_chk, kNoDescriptor, timeout, CALLER_FRAME,
                      [=] { return real::__poll_chk(descriptors, count, timeout, bytes); });
}

EXPORTED int ppoll(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask) {
    return poll_in(Function::k_ppoll, kNoDescriptor, timeout, CALLER_FRAME,
                   [=] { return real::ppoll(descriptors, count, timeout, mask); });
}

EXPORTED int __ppoll_chk(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask,
                         size_t bytes) {
    return poll_in(Function::k___ppoll_chk, kNoDescriptor, timeout, CALLER_FRAME,
                   [=] { return real::__ppoll_chk(descriptors, count, timeout, mask, bytes); });
}

EXPORTED int select(int count, fd_set* to_read, fd_set* to_write, fd_set* exceptions, timeval* timeout) {
    const timespec time =
        timeout == nullptr ? timespec{} : timespec{timeout->tv_sec, static_cast<long>(timeout->tv_usec) * 1000};
    return poll_in(Function::k_select, kNoDescriptor, timeout == nullptr ? nullptr : &time, CALLER_FRAME,
                   [=] { return real::select(count, to_read, to_write, exceptions, timeout); });
}

EXPORTED int pselect(int count, fd_set* to_read, fd_set* to_write, fd_set* exceptions, const timespec* timeout,
                     const sigset_t* mask) {
    return poll_in(Function::k_pselect, kNoDescriptor, timeout, CALLER_FRAME,
                   [=] { return real::pselect(count, to_read, to_write, exceptions, timeout, mask); });
}

EXPORTED int epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
    return poll_in_ms(Function::k_epoll_wait, static_cast<uint32_t>(epoll), timeout, CALLER_FRAME,
                      [=] { return real::epoll_wait(epoll, events, count, timeout); });
}

EXPORTED int epoll_pwait(int epoll, epoll_event* events, int count, int timeout, const sigset_t* mask) {
    return poll_in_ms(Function::k_epoll_pwait, static_cast<uint32_t>(epoll), timeout, CALLER_FRAME,
                      [=] { return real::epoll_pwait(epoll, events, count, timeout, mask); });
}

EXPORTED int epoll_pwait2(int epoll, epoll_event* events, int count, const timespec* timeout, const sigset_t* mask) {
    return poll_in(Function::k_epoll_pwait2, static_cast<uint32_t>(epoll), timeout, CALLER_FRAME,
                   [=] { return real::epoll_pwait2(epoll, events, count, timeout, mask); });
}

}  // extern "C"

}  // namespace preload
