// SPDX-License-Identifier: Apache-2.0
//
// Condition variable wrappers, of pthread and of C11. libc has two kinds of pthread ones, of different
// layout, under one name: each version forwards to its own; a cnd_t is of the newer kind. A wait gives up the mutex and
// takes it again, also when it is cancelled: see call_in_wait.
#include <pthread.h>
#include <threads.h>

#include "preload/notes/holds.h"
#include "preload/notes/last_signal.h"
#include "preload/notes/lock_orders.h"
#include "preload/notes/misuse.h"
#include "preload/notes/waits.h"
#include "preload/notes/wakers.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"
#include "preload/wrappers/c11_types.h"

namespace preload {

namespace {

/// A mutex locked more than once by its owner is not given up by the wait.
Hold* lend(ThreadRecord* self, pthread_mutex_t* mutex) {
    Hold* const hold = find_hold(self, address_of(mutex), LockKind::kMutex);
    if (hold == nullptr || hold->depth.load(std::memory_order_relaxed) != 1) return nullptr;
    hold->state.store(HoldState::kLent, std::memory_order_release);
    return hold;
}

/// What libc refuses at once, a deadline that is none, leaves the mutex as it was. Also of the C11 functions.
bool has_waited(int error) {
    return error == 0 || error == ETIMEDOUT || error == EOWNERDEAD || error == thrd_timedout;
}

template <typename Deadline, typename Call>
int wait_for_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, Function function, const CallerFrame& caller,
                       Deadline deadline, Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return call();
    self = ensure_recording(self);

    const uint32_t stack = capture_stack(caller, stack_limits(self));
    const WaitRequest request{WaitKind::kCondition,  function,          0,         stack,
                              address_of(condition), address_of(mutex), deadline()};
    return wait_in(self, request, caller, [=] {
        Hold* const lent = lend(self, mutex);
        const int error = call();
        if (lent == nullptr) return error;
        if (has_waited(error)) {
            take_back(self, lent, stack);
            // The mutex is waited for, however bounded the wait for the condition was.
            note_orders(self, lent);
        } else {
            lent->state.store(HoldState::kHeld, std::memory_order_release);
        }
        return error;
    });
}

/// Of a condition of the newer kind: libc counts the threads that wait from bit 3 on.
uint64_t waiters_of(const pthread_cond_t* condition) {
    return condition->__data.__wrefs >> 3;
}

/// Of those that waiters_of counts, some have no signal yet; the others are on their way out. Who waits is in the group
/// that signals go to, or in the one behind it, whose size is less than none by those that gave up
/// (nptl/pthread_cond_common.c). Of a later libc, and of some that are mended, the start of the group in front has no
/// bit for which one that is: what holds either way is sure.
bool has_unwoken_waiters(const pthread_cond_t* condition) {
    if (waiters_of(condition) == 0) return false;
    const auto& words = condition->__data;
    const uint64_t waits = words.__wseq.__value64;
    const uint32_t behind = waits & 1;
    if (words.__g_size[1 - behind] != 0) return true;
    const auto has_some_behind = [&](uint64_t start) {
        return static_cast<uint32_t>((waits >> 1) - start) - (words.__g1_orig_size >> 2) + words.__g_size[behind] != 0;
    };
    return has_some_behind(words.__g1_start.__value64 >> 1) && has_some_behind(words.__g1_start.__value64);
}

/// Only of the newer kind it is known how many wait.
template <typename Call>
int signal_condition(pthread_cond_t* condition, protocol::SignalKind kind, bool is_new, const CallerFrame& caller,
                     Call call) {
    ThreadRecord* const self = this_thread();
    if (self != nullptr)
        note_signal(self, kind, address_of(condition), capture_stack(caller, stack_limits(self)), now_ns(),
                    is_new ? waiters_of(condition) + 1 : 0);
    return call(condition);
}

/// A condition that begins or ends its life has no past: the next one at this address is another.
void forget_signals_of(pthread_cond_t* condition) {
    if (ThreadRecord* const self = this_thread()) forget_signals(self, condition);
}

/// Of CLOCK_REALTIME and CLOCK_MONOTONIC, the one that pthread_condattr_setclock chose: libc keeps it
/// in bit 1 of the word that counts the waiters.
clockid_t clock_of(const pthread_cond_t* condition) {
    return (condition->__data.__wrefs & 2) != 0 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

/// libc waits here, without a bound, for waiters that have not left: a condition wait as well. That they are on their
/// way is enough for the program to destroy it.
template <typename Call>
int destroy_condition(pthread_cond_t* condition, Function function, const CallerFrame& caller, Call call) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || process == nullptr) return call();
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    if (has_unwoken_waiters(condition))
        note_misuse(self, protocol::MisuseKind::kDestroyedWaited, LockKind::kNone, address_of(condition), stack, 0);
    const int error =
        wait_in(self, {WaitKind::kCondition, function, 0, stack, address_of(condition), 0, 0}, caller, call);
    forget_signals(self, condition);
    return error;
}

}  // namespace

extern "C" {

EXPORTED int pthread_cond_wait_new(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return wait_for_condition(condition, mutex, Function::k_pthread_cond_wait_new, CALLER_FRAME, untimed,
                              [=] { return real::pthread_cond_wait_new(condition, mutex); });
}

EXPORTED int pthread_cond_wait_old(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return wait_for_condition(condition, mutex, Function::k_pthread_cond_wait_old, CALLER_FRAME, untimed,
                              [=] { return real::pthread_cond_wait_old(condition, mutex); });
}

EXPORTED int pthread_cond_timedwait_new(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline) {
    return wait_for_condition(
        condition, mutex, Function::k_pthread_cond_timedwait_new, CALLER_FRAME,
        [=] { return deadline_of(clock_of(condition), deadline); },
        [=] { return real::pthread_cond_timedwait_new(condition, mutex, deadline); });
}

EXPORTED int pthread_cond_timedwait_old(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline) {
    return wait_for_condition(
        condition, mutex, Function::k_pthread_cond_timedwait_old, CALLER_FRAME,
        [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::pthread_cond_timedwait_old(condition, mutex, deadline); });
}

EXPORTED int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                                    const timespec* deadline) {
    return wait_for_condition(
        condition, mutex, Function::k_pthread_cond_clockwait, CALLER_FRAME,
        [=] { return deadline_of(clock, deadline); },
        [=] { return real::pthread_cond_clockwait(condition, mutex, clock, deadline); });
}

EXPORTED int pthread_cond_signal_new(pthread_cond_t* condition) noexcept {
    return signal_condition(condition, protocol::SignalKind::kSignal, true, CALLER_FRAME,
                            [](pthread_cond_t* real_one) { return real::pthread_cond_signal_new(real_one); });
}

EXPORTED int pthread_cond_signal_old(pthread_cond_t* condition) noexcept {
    return signal_condition(condition, protocol::SignalKind::kSignal, false, CALLER_FRAME,
                            [](pthread_cond_t* real_one) { return real::pthread_cond_signal_old(real_one); });
}

EXPORTED int pthread_cond_broadcast_new(pthread_cond_t* condition) noexcept {
    return signal_condition(condition, protocol::SignalKind::kBroadcast, true, CALLER_FRAME,
                            [](pthread_cond_t* real_one) { return real::pthread_cond_broadcast_new(real_one); });
}

EXPORTED int pthread_cond_broadcast_old(pthread_cond_t* condition) noexcept {
    return signal_condition(condition, protocol::SignalKind::kBroadcast, false, CALLER_FRAME,
                            [](pthread_cond_t* real_one) { return real::pthread_cond_broadcast_old(real_one); });
}

EXPORTED int pthread_cond_init_new(pthread_cond_t* condition, const pthread_condattr_t* attributes) noexcept {
    const int error = real::pthread_cond_init_new(condition, attributes);
    if (error == 0) {
        forget_signals_of(condition);
        note_if_shared(attributes, pthread_condattr_getpshared);
    }
    return error;
}

EXPORTED int pthread_cond_init_old(pthread_cond_t* condition, const pthread_condattr_t* attributes) noexcept {
    const int error = real::pthread_cond_init_old(condition, attributes);
    if (error == 0) forget_signals_of(condition);
    return error;
}

EXPORTED int pthread_cond_destroy_new(pthread_cond_t* condition) noexcept {
    return destroy_condition(condition, Function::k_pthread_cond_destroy_new, CALLER_FRAME,
                             [=] { return real::pthread_cond_destroy_new(condition); });
}

EXPORTED int pthread_cond_destroy_old(pthread_cond_t* condition) noexcept {
    forget_signals_of(condition);
    return real::pthread_cond_destroy_old(condition);
}

EXPORTED int cnd_init(cnd_t* condition) noexcept {
    const int error = real::cnd_init(condition);
    if (error == thrd_success) forget_signals_of(pthread_cond_of(condition));
    return error;
}

EXPORTED void cnd_destroy(cnd_t* condition) noexcept {
    destroy_condition(pthread_cond_of(condition), Function::k_cnd_destroy, CALLER_FRAME, [=] {
        real::cnd_destroy(condition);
        return 0;
    });
}

EXPORTED int cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return wait_for_condition(pthread_cond_of(condition), pthread_mutex_of(mutex), Function::k_cnd_wait, CALLER_FRAME,
                              untimed, [=] { return real::cnd_wait(condition, mutex); });
}

EXPORTED int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* deadline) {
    return wait_for_condition(
        pthread_cond_of(condition), pthread_mutex_of(mutex), Function::k_cnd_timedwait, CALLER_FRAME,
        [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::cnd_timedwait(condition, mutex, deadline); });
}

EXPORTED int cnd_signal(cnd_t* condition) noexcept {
    return signal_condition(pthread_cond_of(condition), protocol::SignalKind::kSignal, true, CALLER_FRAME,
                            [=](pthread_cond_t*) { return real::cnd_signal(condition); });
}

EXPORTED int cnd_broadcast(cnd_t* condition) noexcept {
    return signal_condition(pthread_cond_of(condition), protocol::SignalKind::kBroadcast, true, CALLER_FRAME,
                            [=](pthread_cond_t*) { return real::cnd_broadcast(condition); });
}

}  // extern "C"

EXPORT_VERSION(pthread_cond_init, new, "@@GLIBC_2.3.2");
EXPORT_VERSION(pthread_cond_destroy, new, "@@GLIBC_2.3.2");
EXPORT_VERSION(pthread_cond_wait, new, "@@GLIBC_2.3.2");
EXPORT_VERSION(pthread_cond_timedwait, new, "@@GLIBC_2.3.2");
EXPORT_VERSION(pthread_cond_signal, new, "@@GLIBC_2.3.2");
EXPORT_VERSION(pthread_cond_broadcast, new, "@@GLIBC_2.3.2");
EXPORT_VERSION(pthread_cond_init, old, "@GLIBC_2.2.5");
EXPORT_VERSION(pthread_cond_destroy, old, "@GLIBC_2.2.5");
EXPORT_VERSION(pthread_cond_wait, old, "@GLIBC_2.2.5");
EXPORT_VERSION(pthread_cond_timedwait, old, "@GLIBC_2.2.5");
EXPORT_VERSION(pthread_cond_signal, old, "@GLIBC_2.2.5");
EXPORT_VERSION(pthread_cond_broadcast, old, "@GLIBC_2.2.5");

}  // namespace preload
