// SPDX-License-Identifier: Apache-2.0
//
// Calls on futexes through libc's syscall(): where what is not pthread waits and wakes (C++20 atomics,
// latch, semaphore, future, Rust, TBB, abseil, glib, Qt). Reached by a jump from syscall_stub.S. Whatever
// pointers the program passes belong to the kernel, which answers bad ones with EFAULT: they are never
// followed here without a check.
#include <linux/futex.h>
#include <sys/syscall.h>

#include "preload/notes/last_signal.h"
#include "preload/notes/waits.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

extern "C" {
extern void* loiter_real_syscall __attribute__((visibility("hidden")));
void loiter_resolve_all() __attribute__((visibility("hidden")));
}

namespace preload {

namespace {

/// As the program passed them; calls that take fewer leave rubbish in the others.
struct Arguments {
    long number;
    long values[6];

    uint64_t address() const { return static_cast<uint64_t>(values[0]); }
    uint32_t operation() const { return static_cast<uint32_t>(values[1]); }
    uint32_t command() const { return operation() & static_cast<uint32_t>(FUTEX_CMD_MASK); }
    uint32_t expected() const { return static_cast<uint32_t>(values[2]); }
    uint64_t timeout() const { return static_cast<uint64_t>(values[3]); }
    uint64_t other_address() const { return static_cast<uint64_t>(values[4]); }
};

long forward(const Arguments& call) {
    if (__builtin_expect(loiter_real_syscall == nullptr, 0)) loiter_resolve_all();
    const auto real_one = reinterpret_cast<long (*)(long, ...)>(loiter_real_syscall);
    const auto& [a, b, c, d, e, f] = call.values;
    return real_one(call.number, a, b, c, d, e, f);
}

bool copy_from_program(uint64_t address, void* to, size_t bytes) {
    return copy_argument(reinterpret_cast<const void*>(address), to, bytes);
}

/// The deadline of the time at `timeout`; 0: none, or not known.
template <typename Deadline>
uint64_t checked_deadline(uint64_t timeout, Deadline deadline) {
    timespec time{};
    return timeout != 0 && copy_from_program(timeout, &time, sizeof(time)) ? deadline(&time) : 0;
}

/// Only FUTEX_WAIT takes a time from now; the oldest lock operation knows no other clock.
uint64_t deadline_of_wait(const Arguments& call) {
    return checked_deadline(call.timeout(), [&](const timespec* time) {
        if (call.command() == FUTEX_WAIT) return deadline_after(time);
        const bool is_realtime = call.command() == FUTEX_LOCK_PI || (call.operation() & FUTEX_CLOCK_REALTIME) != 0;
        return deadline_of(is_realtime ? CLOCK_REALTIME : CLOCK_MONOTONIC, time);
    });
}

struct FutexWait {
    uint64_t address;
    uint64_t detail;
    uint64_t deadline_ns;
};

/// libc's syscall is no cancellation point, but asynchronous cancellation takes a thread out of any
/// call: hence call_in_wait.
template <typename Describe>
long wait_for_futex(const Arguments& call, const CallerFrame& caller, Describe describe) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return forward(call);
    self = ensure_recording(self);
    const FutexWait futex = describe();
    const uint8_t flags = call.timeout() != 0 ? protocol::kWaitTimed : 0;
    const WaitRequest request{
        WaitKind::kFutex, Function::k_syscall, flags, capture_stack(caller, stack_limits(self)), futex.address,
        futex.detail,     futex.deadline_ns};
    return wait_in(self, request, caller, [&] { return forward(call); });
}

/// The C++ library waits for the guard of a static local, which is published as what it is.
bool is_wait_for_guard(const Arguments& call) {
    const ThreadRecord* const self = this_thread();
    if (self == nullptr || self->wait.kind.load(std::memory_order_relaxed) != WaitKind::kOnce) return false;
    constexpr auto kFunction = static_cast<uint16_t>(Function::k___cxa_guard_acquire);
    return self->wait.function.load(std::memory_order_relaxed) == kFunction &&
           call.address() - self->wait.object.load(std::memory_order_relaxed) < sizeof(uint64_t);
}

long wait_for_one_futex(const Arguments& call, const CallerFrame& caller) {
    if (is_wait_for_guard(call)) return forward(call);
    return wait_for_futex(call, caller, [&] {
        return FutexWait{call.address(), protocol::futex_detail(call.expected(), call.operation()),
                         deadline_of_wait(call)};
    });
}

/// Noted first: a wake that is noted after the woken thread waits again would seem to have come too late.
void note_wakes(const CallerFrame& caller, uint64_t address, uint64_t other_address) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || !is_really(self)) return;
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    const uint64_t now = now_ns();
    note_signal(self, protocol::SignalKind::kWake, address, stack, now);
    if (other_address != 0) note_signal(self, protocol::SignalKind::kWake, other_address, stack, now);
}

}  // namespace

extern "C" {

/// syscall(SYS_futex, ...). What does not fit in registers is on the stack, in a frame that may not
/// be there for us to change: it is read, never passed on in place.
__attribute__((visibility("hidden"))) long loiter_futex_call(long number, long a, long b, long c, long d, long e) {
    const CallerFrame caller = CALLER_FRAME;
    const Arguments call{number, {a, b, c, d, e, *reinterpret_cast<const long*>(caller.sp)}};
    switch (call.command()) {
        case FUTEX_WAIT:
        case FUTEX_WAIT_BITSET:
        case FUTEX_LOCK_PI:
        case FUTEX_LOCK_PI2:
        case FUTEX_WAIT_REQUEUE_PI: return wait_for_one_futex(call, caller);
        case FUTEX_WAKE:
        case FUTEX_WAKE_BITSET:
        case FUTEX_REQUEUE:
        case FUTEX_CMP_REQUEUE:
        case FUTEX_CMP_REQUEUE_PI:
        case FUTEX_UNLOCK_PI: note_wakes(caller, call.address(), 0); break;
        case FUTEX_WAKE_OP: note_wakes(caller, call.address(), call.other_address()); break;
        default: break;
    }
    return forward(call);
}

/// syscall(SYS_futex_waitv, futexes, count, flags, timeout, clock): the first one stands for all.
__attribute__((visibility("hidden"))) long loiter_futex_waitv_call(long number, long a, long b, long c, long d,
                                                                   long e) {
    const CallerFrame caller = CALLER_FRAME;
    const Arguments call{number, {a, b, c, d, e, *reinterpret_cast<const long*>(caller.sp)}};
    return wait_for_futex(call, caller, [&] {
        futex_waitv first{};
        copy_from_program(call.address(), &first, sizeof(first));
        const auto count = static_cast<uint32_t>(call.values[1]);
        return FutexWait{first.uaddr,
                         protocol::futex_detail(static_cast<uint32_t>(first.val), protocol::kFutexWaitv, count),
                         checked_deadline(call.timeout(), [&](const timespec* time) {
                             return deadline_of(static_cast<clockid_t>(call.values[4]), time);
                         })};
    });
}

}  // extern "C"

}  // namespace preload
