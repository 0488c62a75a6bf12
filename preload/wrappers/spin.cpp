// SPDX-License-Identifier: Apache-2.0
//
// Spin lock wrappers; same rules and order of steps as mutex.cpp. Whoever waits for one burns CPU:
// only the published wait tells it from a thread that works.
#include <pthread.h>

#include "preload/notes/wakers.h"
#include "preload/wrappers/lock_call.h"

namespace preload {

namespace {

constexpr LockCall spin_call(Function function) {
    return {LockKind::kSpin, Mode::kExclusive, WaitKind::kSpin, function};
}

}  // namespace

extern "C" {

EXPORTED int pthread_spin_init(pthread_spinlock_t* lock, int shared) noexcept {
    const int error = make_lock(lock, WRAPPER_FRAME, [=] { return real::pthread_spin_init(lock, shared); });
    if (error == 0 && shared != PTHREAD_PROCESS_PRIVATE) note_waker(protocol::kWakerShared);
    return error;
}

EXPORTED int pthread_spin_destroy(pthread_spinlock_t* lock) noexcept {
    return destroy_lock(lock, [=] { return real::pthread_spin_destroy(lock); });
}

EXPORTED int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
    return take_lock(
        spin_call(Function::k_pthread_spin_lock), lock, WRAPPER_FRAME, [=] { return real::pthread_spin_trylock(lock); },
        untimed, [=] { return real::pthread_spin_lock(lock); });
}

EXPORTED int pthread_spin_trylock(pthread_spinlock_t* lock) noexcept {
    return try_to_take_lock(spin_call(Function::k_pthread_spin_trylock), lock, WRAPPER_FRAME,
                            [=] { return real::pthread_spin_trylock(lock); });
}

EXPORTED int pthread_spin_unlock(pthread_spinlock_t* lock) noexcept {
    return release_lock(
        LockKind::kSpin, lock, [] { return 0U; }, [=] { return real::pthread_spin_unlock(lock); });
}

}  // extern "C"

}  // namespace preload
