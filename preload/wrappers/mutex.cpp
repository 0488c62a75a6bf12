// SPDX-License-Identifier: Apache-2.0
//
// Mutex wrappers, of pthread and of C11. Run in the target, in whatever state its caller is in: no
// allocation, no locks of our own, no stdio. Each returns what the real call returned. libc's C11
// functions call its pthread ones past any wrapper; a mtx_t is a pthread_mutex_t.
#include <errno.h>
#include <pthread.h>
#include <threads.h>

#include "preload/notes/mutex_kinds.h"
#include "preload/notes/wakers.h"
#include "preload/wrappers/c11_types.h"
#include "preload/wrappers/lock_call.h"

namespace preload {

namespace {

constexpr int kPriorityBits = kInheritanceBit | kProtectionBit;

/// A try is not always the first half of a lock: with priorities waiters queue by them; and the try of a
/// robust mutex that cannot be recovered any more says so but leaves it locked (glibc 2.36).
LockCall mutex_call(const pthread_mutex_t* mutex, Function function) {
    const int kind = mutex->__data.__kind;
    LockCall call{LockKind::kMutex, Mode::kExclusive, WaitKind::kMutex, function};
    call.hold_detail = (kind & kRobustBit) != 0 ? protocol::kHoldRobust : 0;
    call.is_recursive = (kind & kTypeBits) == PTHREAD_MUTEX_RECURSIVE;
    call.try_first = (kind & (kPriorityBits | kRobustBit)) == 0;
    return call;
}

template <typename Deadline, typename Call>
int lock_mutex(pthread_mutex_t* mutex, const LockCall& lock_call, WrapperFrame frame, Deadline deadline, Call call) {
    return take_lock(
        lock_call, mutex, frame, [=] { return real::pthread_mutex_trylock(mutex); }, deadline, call);
}

/// No bit asks for more than the call that most mutexes get.
bool is_plain(const pthread_mutex_t* mutex) {
    const int kind = mutex->__data.__kind;
    return (kind & (kPriorityBits | kRobustBit)) == 0 && (kind & kTypeBits) != PTHREAD_MUTEX_RECURSIVE;
}

/// A function of its own: what it must keep across the real call would be kept for plain ones as well.
__attribute__((noinline)) int lock_any_mutex(pthread_mutex_t* mutex, WrapperFrame frame) {
    return lock_mutex(mutex, mutex_call(mutex, Function::k_pthread_mutex_lock), frame, untimed,
                      [=] { return real::pthread_mutex_lock(mutex); });
}

template <typename Deadline, typename Call>
int lock_c11_mutex(mtx_t* mutex, Function function, WrapperFrame frame, Deadline deadline, Call call) {
    LockCall lock_call = mutex_call(pthread_mutex_of(mutex), function);
    lock_call.busy = thrd_busy;
    return take_lock(
        lock_call, mutex, frame, [=] { return real::mtx_trylock(mutex); }, deadline, call);
}

template <typename Call>
__attribute__((always_inline)) inline int unlock_mutex(const pthread_mutex_t* mutex, Call call) {
    return release_lock(
        LockKind::kMutex, mutex, [=] { return static_cast<uint32_t>(mutex->__data.__owner); }, call);
}

}  // namespace

extern "C" {

EXPORTED int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) noexcept {
    const int error = make_lock(mutex, WRAPPER_FRAME, [=] { return real::pthread_mutex_init(mutex, attributes); });
    if (error == 0) note_if_shared(attributes, pthread_mutexattr_getpshared);
    return error;
}

EXPORTED int pthread_mutex_destroy(pthread_mutex_t* mutex) noexcept {
    const int error = destroy_lock(mutex, [=] { return real::pthread_mutex_destroy(mutex); });
    // It is also refused where threads wait on a condition with it, which have given it up.
    if (error == EBUSY && mutex->__data.__lock != 0)
        note_destroyed_locked(LockKind::kMutex, mutex, static_cast<uint32_t>(mutex->__data.__owner), CALLER_FRAME);
    return error;
}

EXPORTED int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    if (__builtin_expect(!is_plain(mutex), 0)) return lock_any_mutex(mutex, WRAPPER_FRAME);
    constexpr LockCall kCall{LockKind::kMutex, Mode::kExclusive, WaitKind::kMutex, Function::k_pthread_mutex_lock};
    return lock_mutex(mutex, kCall, WRAPPER_FRAME, untimed, [=] { return real::pthread_mutex_lock(mutex); });
}

EXPORTED int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* deadline) noexcept {
    return lock_mutex(
        mutex, mutex_call(mutex, Function::k_pthread_mutex_timedlock), WRAPPER_FRAME,
        [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::pthread_mutex_timedlock(mutex, deadline); });
}

EXPORTED int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* deadline) noexcept {
    LockCall lock_call = mutex_call(mutex, Function::k_pthread_mutex_clocklock);
    // A clock that libc refuses is refused before the lock is looked at: no try for those.
    lock_call.try_first &= clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
    return lock_mutex(
        mutex, lock_call, WRAPPER_FRAME, [=] { return deadline_of(clock, deadline); },
        [=] { return real::pthread_mutex_clocklock(mutex, clock, deadline); });
}

EXPORTED int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
    return try_to_take_lock(mutex_call(mutex, Function::k_pthread_mutex_trylock), mutex, WRAPPER_FRAME,
                            [=] { return real::pthread_mutex_trylock(mutex); });
}

EXPORTED int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    return unlock_mutex(mutex, [=] { return real::pthread_mutex_unlock(mutex); });
}

EXPORTED int mtx_init(mtx_t* mutex, int type) noexcept {
    static_assert(thrd_success == 0);
    return make_lock(mutex, WRAPPER_FRAME, [=] { return real::mtx_init(mutex, type); });
}

EXPORTED void mtx_destroy(mtx_t* mutex) noexcept {
    real::mtx_destroy(mutex);
    forget_lock(mutex);
}

EXPORTED int mtx_lock(mtx_t* mutex) noexcept {
    return lock_c11_mutex(mutex, Function::k_mtx_lock, WRAPPER_FRAME, untimed, [=] { return real::mtx_lock(mutex); });
}

EXPORTED int mtx_timedlock(mtx_t* mutex, const timespec* deadline) noexcept {
    return lock_c11_mutex(
        mutex, Function::k_mtx_timedlock, WRAPPER_FRAME, [=] { return deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::mtx_timedlock(mutex, deadline); });
}

EXPORTED int mtx_trylock(mtx_t* mutex) noexcept {
    return try_to_take_lock(mutex_call(pthread_mutex_of(mutex), Function::k_mtx_trylock), mutex, WRAPPER_FRAME,
                            [=] { return real::mtx_trylock(mutex); });
}

EXPORTED int mtx_unlock(mtx_t* mutex) noexcept {
    return unlock_mutex(pthread_mutex_of(mutex), [=] { return real::mtx_unlock(mutex); });
}

EXPORT_ALIAS(pthread_mutex_init)
EXPORT_ALIAS(pthread_mutex_destroy)
EXPORT_ALIAS(pthread_mutex_lock)
EXPORT_ALIAS(pthread_mutex_trylock)
EXPORT_ALIAS(pthread_mutex_unlock)

}  // extern "C"

}  // namespace preload
