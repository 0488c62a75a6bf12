// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of calls that wait for a descriptor, a signal or a System V semaphore, at most for a
// relative time: published with its end, also so that a call which our own signal interrupts goes on
// with the time that is left (interrupted_call.cpp). All are cancellation points but semtimedop.
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/sem.h>

#include "preload/real.h"
#include "preload/recording.h"
#include "preload/stack_capture.h"
#include "preload/waits.h"

namespace preload {

namespace {

using protocol::kNoDescriptor;

template <typename Deadline, typename Call>
int poll_in(WaitKind kind, Function function, uint64_t detail, const CallerFrame& caller, Deadline deadline,
            Call call) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || process == nullptr) return call();
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    return wait_in(self, {kind, function, 0, stack, 0, detail, deadline()}, caller, call);
}

uint64_t deadline_in_ms(int milliseconds) {
    if (milliseconds < 0) return 0;
    const timespec time{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
    return deadline_after(&time);
}

uint64_t deadline_in(const timespec* time) {
    return time == nullptr ? 0 : deadline_after(time);
}

}  // namespace

extern "C" {

EXPORTED int poll(pollfd* descriptors, nfds_t count, int timeout) {
    return poll_in(
        WaitKind::kIo, Function::k_poll, kNoDescriptor, CALLER_FRAME, [=] { return deadline_in_ms(timeout); },
        [=] { return real::poll(descriptors, count, timeout); });
}

EXPORTED int __poll_chk(pollfd* descriptors, nfds_t count, int timeout, size_t bytes) {
    return poll_in(
        WaitKind::kIo, Function::k___poll_chk, kNoDescriptor, CALLER_FRAME, [=] { return deadline_in_ms(timeout); },
        [=] { return real::__poll_chk(descriptors, count, timeout, bytes); });
}

EXPORTED int epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
    return poll_in(
        WaitKind::kIo, Function::k_epoll_wait, static_cast<uint64_t>(epoll), CALLER_FRAME,
        [=] { return deadline_in_ms(timeout); }, [=] { return real::epoll_wait(epoll, events, count, timeout); });
}

EXPORTED int epoll_pwait(int epoll, epoll_event* events, int count, int timeout, const sigset_t* mask) {
    return poll_in(
        WaitKind::kIo, Function::k_epoll_pwait, static_cast<uint64_t>(epoll), CALLER_FRAME,
        [=] { return deadline_in_ms(timeout); },
        [=] { return real::epoll_pwait(epoll, events, count, timeout, mask); });
}

EXPORTED int epoll_pwait2(int epoll, epoll_event* events, int count, const timespec* timeout, const sigset_t* mask) {
    return poll_in(
        WaitKind::kIo, Function::k_epoll_pwait2, static_cast<uint64_t>(epoll), CALLER_FRAME,
        [=] { return deadline_in(timeout); }, [=] { return real::epoll_pwait2(epoll, events, count, timeout, mask); });
}

EXPORTED int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
    return poll_in(
        WaitKind::kSignal, Function::k_sigtimedwait, 0, CALLER_FRAME, [=] { return deadline_in(timeout); },
        [=] { return real::sigtimedwait(set, info, timeout); });
}

EXPORTED int semtimedop(int set, sembuf* operations, size_t count, const timespec* timeout) noexcept {
    return poll_in(
        WaitKind::kIo, Function::k_semtimedop, kNoDescriptor, CALLER_FRAME, [=] { return deadline_in(timeout); },
        [=] { return real::semtimedop(set, operations, count, timeout); });
}

}  // extern "C"

}  // namespace preload
