// SPDX-License-Identifier: Apache-2.0
//
// Mutex wrappers. Run in the target, in whatever state its caller is in: no allocation, no locks of
// our own, no stdio. Each returns what the real call returned.
//
// The stack is taken before the lock, so that no critical section grows; the lock is tried first,
// and only where that fails is the wait published, before the real call.
#include <errno.h>
#include <pthread.h>

#include "preload/holds.h"
#include "preload/real.h"
#include "preload/recording.h"
#include "preload/stack_capture.h"
#include "preload/waits.h"

namespace preload {

namespace {

/// libc's own words of a mutex (bits/struct_mutex.h); the type bits are ABI.
constexpr int kTypeBits = 3;
constexpr int kPriorityBits = 32 | 64;  ///< inheritance, protection

bool is_recursive(const pthread_mutex_t* mutex) {
    return (mutex->__data.__kind & kTypeBits) == PTHREAD_MUTEX_RECURSIVE;
}

/// With priorities a try is not the first half of a lock: waiters queue by priority.
bool may_try_first(const pthread_mutex_t* mutex) {
    return (mutex->__data.__kind & kPriorityBits) == 0;
}

bool acquired(int error) {
    return error == 0 || error == EOWNERDEAD;
}

Hold* begin_mutex(ThreadRecord* self, pthread_mutex_t* mutex, uint32_t stack) {
    return begin_hold(self, LockKind::kMutex, Mode::kExclusive, mutex, stack);
}

/// The slow half of a lock: publishes the wait, with `call` as the real function.
template <typename Call>
int wait_for_mutex(ThreadRecord* self, pthread_mutex_t* mutex, const WaitRequest& request, const CallerFrame& caller,
                   Call call) {
    WaitScope wait;
    begin_wait(wait, self, request, caller);
    const int error = call_in_wait([=] { return call(mutex); });
    end_wait(wait);
    return error;
}

/// Lock with or without a deadline; `deadline_ns` is only asked for when the lock must be waited for.
template <typename Deadline, typename Call>
int lock_mutex(pthread_mutex_t* mutex, Function function, bool try_first, const CallerFrame& caller, Deadline deadline,
               Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return call(mutex);
    uint32_t stack = capture_stack(caller, stack_limits(self));
    Hold* hold = begin_mutex(self, mutex, stack);
    int error = try_first && may_try_first(mutex) ? real::pthread_mutex_trylock(mutex) : EBUSY;
    if (error == EBUSY) {
        if (process == nullptr) {
            settle(self, hold, false, false);
            self = ensure_recording(self);
            stack = capture_stack(caller, stack_limits(self));
            hold = begin_mutex(self, mutex, stack);
        }
        const WaitRequest request{WaitKind::kMutex, function, 0, stack, address_of(mutex), 0, deadline()};
        error = wait_for_mutex(self, mutex, request, caller, call);
    }
    settle(self, hold, acquired(error), is_recursive(mutex));
    return error;
}

}  // namespace

extern "C" {

EXPORTED int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) noexcept {
    const int error = real::pthread_mutex_init(mutex, attributes);
    ThreadRecord* const self = this_thread();
    if (self != nullptr && error == 0) forget_lock(self, mutex);
    return error;
}

EXPORTED int pthread_mutex_destroy(pthread_mutex_t* mutex) noexcept {
    const int error = real::pthread_mutex_destroy(mutex);
    ThreadRecord* const self = this_thread();
    if (self != nullptr && error == 0) forget_lock(self, mutex);
    return error;
}

EXPORTED int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    return lock_mutex(
        mutex, Function::k_pthread_mutex_lock, true, CALLER_FRAME, [] { return uint64_t{0}; },
        [](pthread_mutex_t* real_mutex) { return real::pthread_mutex_lock(real_mutex); });
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* deadline) noexcept {
    return lock_mutex(
        mutex, Function::k_pthread_mutex_timedlock, true, CALLER_FRAME,
        [deadline] { return deadline_of(CLOCK_REALTIME, deadline); },
        [deadline](pthread_mutex_t* real_mutex) { return real::pthread_mutex_timedlock(real_mutex, deadline); });
}

EXPORTED int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* deadline) noexcept {
    // A clock that libc refuses is refused before the lock is looked at: no try for those.
    const bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
    return lock_mutex(
        mutex, Function::k_pthread_mutex_clocklock, known, CALLER_FRAME, [=] { return deadline_of(clock, deadline); },
        [=](pthread_mutex_t* real_mutex) { return real::pthread_mutex_clocklock(real_mutex, clock, deadline); });
}

EXPORTED int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return real::pthread_mutex_trylock(mutex);
    Hold* const hold = begin_mutex(self, mutex, capture_stack(CALLER_FRAME, stack_limits(self)));
    const int error = real::pthread_mutex_trylock(mutex);
    settle(self, hold, acquired(error), is_recursive(mutex));
    return error;
}

EXPORTED int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return real::pthread_mutex_unlock(mutex);
    const Release release = begin_release(self, LockKind::kMutex, mutex, static_cast<uint32_t>(mutex->__data.__owner));
    const int error = real::pthread_mutex_unlock(mutex);
    end_release(self, release, error == 0);
    return error;
}

}  // extern "C"

}  // namespace preload
