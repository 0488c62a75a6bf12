// SPDX-License-Identifier: Apache-2.0
//
// Read-write lock wrappers, all eleven; same rules and order of steps as mutex.cpp.
#include <errno.h>
#include <pthread.h>

#include "preload/holds.h"
#include "preload/real.h"
#include "preload/recording.h"
#include "preload/stack_capture.h"
#include "preload/waits.h"

namespace preload {

namespace {

/// How one flavour of lock call differs from another.
struct Flavour {
    Mode mode;
    Function function;
    bool try_first;  ///< false: libc refuses the time or the clock before it looks at the lock
};

bool prefers_writers(const pthread_rwlock_t* lock) {
    return lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

int try_rwlock(pthread_rwlock_t* lock, Mode mode) {
    return mode == Mode::kShared ? real::pthread_rwlock_tryrdlock(lock) : real::pthread_rwlock_trywrlock(lock);
}

Hold* begin_rwlock(ThreadRecord* self, pthread_rwlock_t* lock, Mode mode, uint32_t stack) {
    return begin_hold(self, LockKind::kRwlock, mode, lock, stack);
}

/// The slow half of a lock: publishes the wait, with `call` as the real function.
template <typename Call>
int wait_for_rwlock(ThreadRecord* self, pthread_rwlock_t* lock, const Flavour& flavour, uint32_t stack,
                    uint64_t deadline_ns, const CallerFrame& caller, Call call) {
    const WaitKind kind = flavour.mode == Mode::kShared ? WaitKind::kRwlockRead : WaitKind::kRwlockWrite;
    const uint8_t flags = prefers_writers(lock) ? protocol::kWaitPrefersWriters : 0;
    WaitScope wait;
    begin_wait(wait, self, {kind, flavour.function, flags, stack, address_of(lock), 0, deadline_ns}, caller);
    const int error = call(lock);
    end_wait(wait);
    return error;
}

template <typename Deadline, typename Call>
int lock_rwlock(pthread_rwlock_t* lock, const Flavour& flavour, const CallerFrame& caller, Deadline deadline,
                Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return call(lock);
    uint32_t stack = capture_stack(caller, stack_limits(self));
    Hold* hold = begin_rwlock(self, lock, flavour.mode, stack);
    int error = flavour.try_first ? try_rwlock(lock, flavour.mode) : EBUSY;
    if (error == EBUSY) {
        if (process == nullptr) {
            settle(self, hold, false, false);
            self = ensure_recording(self);
            stack = capture_stack(caller, stack_limits(self));
            hold = begin_rwlock(self, lock, flavour.mode, stack);
        }
        error = wait_for_rwlock(self, lock, flavour, stack, deadline(), caller, call);
    }
    // A thread may read-lock again what it has read-locked.
    settle(self, hold, error == 0, flavour.mode == Mode::kShared);
    return error;
}

int try_lock(pthread_rwlock_t* lock, Mode mode, const CallerFrame& caller) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return try_rwlock(lock, mode);
    Hold* const hold = begin_rwlock(self, lock, mode, capture_stack(caller, stack_limits(self)));
    const int error = try_rwlock(lock, mode);
    settle(self, hold, error == 0, mode == Mode::kShared);
    return error;
}

bool is_known(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

uint64_t untimed() {
    return 0;
}

}  // namespace

extern "C" {

EXPORTED int pthread_rwlock_init(pthread_rwlock_t* lock, const pthread_rwlockattr_t* attributes) noexcept {
    const int error = real::pthread_rwlock_init(lock, attributes);
    ThreadRecord* const self = this_thread();
    if (self != nullptr && error == 0) forget_lock(self, lock);
    return error;
}

EXPORTED int pthread_rwlock_destroy(pthread_rwlock_t* lock) noexcept {
    const int error = real::pthread_rwlock_destroy(lock);
    ThreadRecord* const self = this_thread();
    if (self != nullptr && error == 0) forget_lock(self, lock);
    return error;
}

EXPORTED int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
    return lock_rwlock(lock, {Mode::kShared, Function::k_pthread_rwlock_rdlock, true}, CALLER_FRAME, untimed,
                       [](pthread_rwlock_t* real_lock) { return real::pthread_rwlock_rdlock(real_lock); });
}

EXPORTED int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
    return lock_rwlock(lock, {Mode::kExclusive, Function::k_pthread_rwlock_wrlock, true}, CALLER_FRAME, untimed,
                       [](pthread_rwlock_t* real_lock) { return real::pthread_rwlock_wrlock(real_lock); });
}

EXPORTED int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, {Mode::kShared, Function::k_pthread_rwlock_timedrdlock, is_valid(deadline)}, CALLER_FRAME,
        [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=](pthread_rwlock_t* real_lock) { return real::pthread_rwlock_timedrdlock(real_lock, deadline); });
}

EXPORTED int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, {Mode::kExclusive, Function::k_pthread_rwlock_timedwrlock, is_valid(deadline)}, CALLER_FRAME,
        [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=](pthread_rwlock_t* real_lock) { return real::pthread_rwlock_timedwrlock(real_lock, deadline); });
}

EXPORTED int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, {Mode::kShared, Function::k_pthread_rwlock_clockrdlock, is_known(clock) && is_valid(deadline)},
        CALLER_FRAME, [=] { return deadline_of(clock, deadline); },
        [=](pthread_rwlock_t* real_lock) { return real::pthread_rwlock_clockrdlock(real_lock, clock, deadline); });
}

EXPORTED int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, {Mode::kExclusive, Function::k_pthread_rwlock_clockwrlock, is_known(clock) && is_valid(deadline)},
        CALLER_FRAME, [=] { return deadline_of(clock, deadline); },
        [=](pthread_rwlock_t* real_lock) { return real::pthread_rwlock_clockwrlock(real_lock, clock, deadline); });
}

EXPORTED int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
    return try_lock(lock, Mode::kShared, CALLER_FRAME);
}

EXPORTED int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
    return try_lock(lock, Mode::kExclusive, CALLER_FRAME);
}

EXPORTED int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return real::pthread_rwlock_unlock(lock);
    const Release release =
        begin_release(self, LockKind::kRwlock, lock, static_cast<uint32_t>(lock->__data.__cur_writer));
    const int error = real::pthread_rwlock_unlock(lock);
    end_release(self, release, error == 0);
    return error;
}

}  // extern "C"

}  // namespace preload
