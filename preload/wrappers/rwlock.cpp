// SPDX-License-Identifier: Apache-2.0
//
// Read-write lock wrappers, all eleven; same rules and order of steps as mutex.cpp.
#include <pthread.h>

#include "preload/notes/wakers.h"
#include "preload/wrappers/lock_call.h"

namespace preload {

namespace {

bool prefers_writers(const pthread_rwlock_t* lock) {
    return lock->__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

LockCall rwlock_call(const pthread_rwlock_t* lock, Mode mode, Function function) {
    const bool is_shared = mode == Mode::kShared;
    LockCall call{LockKind::kRwlock, mode, is_shared ? WaitKind::kRwlockRead : WaitKind::kRwlockWrite, function};
    call.wait_flags = prefers_writers(lock) ? protocol::kWaitPrefersWriters : 0;
    call.is_recursive = is_shared;  // a thread may read-lock again what it has read-locked
    return call;
}

/// libc refuses a time, or a clock, before it looks at the lock: then there is no try.
LockCall rwlock_call(const pthread_rwlock_t* lock, Mode mode, Function function, clockid_t clock,
                     const timespec* deadline) {
    LockCall call = rwlock_call(lock, mode, function);
    call.try_first = (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && is_valid(deadline);
    return call;
}

template <typename Deadline, typename Call>
int lock_rwlock(pthread_rwlock_t* lock, const LockCall& lock_call, WrapperFrame frame, Deadline deadline, Call call) {
    const auto try_lock = [=, mode = lock_call.mode] {
        return mode == Mode::kShared ? real::pthread_rwlock_tryrdlock(lock) : real::pthread_rwlock_trywrlock(lock);
    };
    return take_lock(lock_call, lock, frame, try_lock, deadline, call);
}

}  // namespace

extern "C" {

EXPORTED int pthread_rwlock_init(pthread_rwlock_t* lock, const pthread_rwlockattr_t* attributes) noexcept {
    const int error = make_lock(lock, WRAPPER_FRAME, [=] { return real::pthread_rwlock_init(lock, attributes); });
    if (error == 0) note_if_shared(attributes, pthread_rwlockattr_getpshared);
    return error;
}

EXPORTED int pthread_rwlock_destroy(pthread_rwlock_t* lock) noexcept {
    return destroy_lock(lock, [=] { return real::pthread_rwlock_destroy(lock); });
}

EXPORTED int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
    return lock_rwlock(lock, rwlock_call(lock, Mode::kShared, Function::k_pthread_rwlock_rdlock), WRAPPER_FRAME,
                       untimed, [=] { return real::pthread_rwlock_rdlock(lock); });
}

EXPORTED int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
    return lock_rwlock(lock, rwlock_call(lock, Mode::kExclusive, Function::k_pthread_rwlock_wrlock), WRAPPER_FRAME,
                       untimed, [=] { return real::pthread_rwlock_wrlock(lock); });
}

EXPORTED int pthread_rwlock_timedrdlock(pthread_rwlock_t* lock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, rwlock_call(lock, Mode::kShared, Function::k_pthread_rwlock_timedrdlock, CLOCK_REALTIME, deadline),
        WRAPPER_FRAME, [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::pthread_rwlock_timedrdlock(lock, deadline); });
}

EXPORTED int pthread_rwlock_timedwrlock(pthread_rwlock_t* lock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, rwlock_call(lock, Mode::kExclusive, Function::k_pthread_rwlock_timedwrlock, CLOCK_REALTIME, deadline),
        WRAPPER_FRAME, [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::pthread_rwlock_timedwrlock(lock, deadline); });
}

EXPORTED int pthread_rwlock_clockrdlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, rwlock_call(lock, Mode::kShared, Function::k_pthread_rwlock_clockrdlock, clock, deadline), WRAPPER_FRAME,
        [=] { return deadline_of(clock, deadline); },
        [=] { return real::pthread_rwlock_clockrdlock(lock, clock, deadline); });
}

EXPORTED int pthread_rwlock_clockwrlock(pthread_rwlock_t* lock, clockid_t clock, const timespec* deadline) noexcept {
    return lock_rwlock(
        lock, rwlock_call(lock, Mode::kExclusive, Function::k_pthread_rwlock_clockwrlock, clock, deadline),
        WRAPPER_FRAME, [=] { return deadline_of(clock, deadline); },
        [=] { return real::pthread_rwlock_clockwrlock(lock, clock, deadline); });
}

EXPORTED int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) noexcept {
    return try_to_take_lock(rwlock_call(lock, Mode::kShared, Function::k_pthread_rwlock_tryrdlock), lock, WRAPPER_FRAME,
                            [=] { return real::pthread_rwlock_tryrdlock(lock); });
}

EXPORTED int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) noexcept {
    return try_to_take_lock(rwlock_call(lock, Mode::kExclusive, Function::k_pthread_rwlock_trywrlock), lock,
                            WRAPPER_FRAME, [=] { return real::pthread_rwlock_trywrlock(lock); });
}

EXPORTED int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
    return release_lock(
        LockKind::kRwlock, lock, [=] { return static_cast<uint32_t>(lock->__data.__cur_writer); },
        [=] { return real::pthread_rwlock_unlock(lock); });
}

EXPORT_ALIAS(pthread_rwlock_init)
EXPORT_ALIAS(pthread_rwlock_destroy)
EXPORT_ALIAS(pthread_rwlock_rdlock)
EXPORT_ALIAS(pthread_rwlock_wrlock)
EXPORT_ALIAS(pthread_rwlock_tryrdlock)
EXPORT_ALIAS(pthread_rwlock_trywrlock)
EXPORT_ALIAS(pthread_rwlock_unlock)

}  // extern "C"

}  // namespace preload
