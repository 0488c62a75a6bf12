// SPDX-License-Identifier: Apache-2.0
//
// POSIX semaphore wrappers. A semaphore has no owner: what is noted is who waits and who posted last.
// sem_wait is a cancellation point even when it need not wait, so the try before it has one before itself,
// which is what libc does (sem_wait.c). Those with a deadline look at it first, so there it is no try.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>

#include "preload/notes/holds.h"
#include "preload/notes/last_signal.h"
#include "preload/notes/takes.h"
#include "preload/notes/waits.h"
#include "preload/notes/wakers.h"
#include "preload/process/counted_clock.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_recall.h"

extern "C" {
__attribute__((visibility("hidden"))) extern void* loiter_real_sem_open;  // of real.cpp
}

namespace preload {

namespace {

/// Without threads there is a recording only once the first one is about to block.
bool is_free(sem_t* semaphore) {
    int value = 0;
    return sem_getvalue(semaphore, &value) == 0 && value > 0;
}

template <typename Deadline, typename Call>
int wait_for_semaphore(sem_t* semaphore, Function function, const CallerFrame& caller, Deadline deadline, Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr || (process == nullptr && is_free(semaphore))) return call();
    self = ensure_recording(self);
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    return wait_in(self, {WaitKind::kSemaphore, function, 0, stack, address_of(semaphore), 0, deadline()}, caller,
                   call);
}

/// The quick half of sem_wait, which needs no record: nothing is waited for, and nobody owns what is got.
bool try_to_wait(sem_t* semaphore) {
    const int before = errno;
    pthread_testcancel();
    if (real::sem_wait_at_once(semaphore) == 0) return true;
    errno = before;
    return false;
}

/// libc's own word (sysdeps/nptl/internaltypes.h, struct new_sem): not 0 where other processes may use it. Asked
/// before the call, after which the semaphore may be gone.
bool is_shared(const sem_t* semaphore) {
    constexpr size_t kPrivate = 8;
    int word = 0;
    memcpy(&word, semaphore->__size + kPrivate, sizeof(word));
    return word != 0;
}

uint64_t taken(const sem_t* semaphore) {
    return protocol::kTakenSemaphore | address_of(semaphore);
}

/// What other processes may wait for is noted as taken.
template <typename Call>
__attribute__((always_inline)) inline int take_by(sem_t* semaphore, WrapperFrame frame, Call call) {
    const bool shared = is_shared(semaphore);
    const int result = call(frame.caller());
    if (__builtin_expect(shared, 0) && result == 0) note_take(taken(semaphore), frame.caller());
    return result;
}

void forget_posts(sem_t* semaphore) {
    if (ThreadRecord* const self = this_thread()) forget_signals(self, semaphore);
}

}  // namespace

extern "C" {

EXPORTED int sem_init(sem_t* semaphore, int shared, unsigned int value) noexcept {
    forget_posts(semaphore);
    const int result = real::sem_init(semaphore, shared, value);
    if (result == 0 && shared != 0) note_waker(protocol::kWakerShared);
    return result;
}

/// Other processes may open it by its name. A name that this process has open already gives the very
/// semaphore that is in use: its posts are kept.
EXPORTED sem_t* sem_open(const char* name, int flags, ...) noexcept {
    mode_t mode = 0;
    unsigned int value = 0;
    if ((flags & O_CREAT) != 0) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        value = va_arg(rest, unsigned int);
        va_end(rest);
    }
    if (loiter_real_sem_open == nullptr) real::resolve_all();
    if (loiter_real_sem_open == nullptr) {
        errno = ENOSYS;
        return SEM_FAILED;
    }
    sem_t* const semaphore = reinterpret_cast<decltype(&::sem_open)>(loiter_real_sem_open)(name, flags, mode, value);
    if (semaphore != SEM_FAILED) note_waker(protocol::kWakerShared);
    return semaphore;
}

EXPORTED int sem_destroy(sem_t* semaphore) noexcept {
    forget_posts(semaphore);
    return real::sem_destroy(semaphore);
}

EXPORTED int sem_wait(sem_t* semaphore) {
    return take_by(semaphore, WRAPPER_FRAME, [=](const CallerFrame& caller) {
        if (try_to_wait(semaphore)) return 0;
        return wait_for_semaphore(semaphore, Function::k_sem_wait, caller, untimed,
                                  [=] { return real::sem_wait(semaphore); });
    });
}

EXPORTED int sem_trywait(sem_t* semaphore) noexcept {
    return take_by(semaphore, WRAPPER_FRAME, [=](const CallerFrame&) { return real::sem_trywait(semaphore); });
}

EXPORTED int sem_timedwait(sem_t* semaphore, const timespec* deadline) {
    return take_by(semaphore, WRAPPER_FRAME, [=](const CallerFrame& caller) {
        return wait_for_semaphore(
            semaphore, Function::k_sem_timedwait, caller, [=] { return deadline_of(CLOCK_REALTIME, deadline); },
            [=] { return real::sem_timedwait(semaphore, deadline); });
    });
}

EXPORTED int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* deadline) {
    return take_by(semaphore, WRAPPER_FRAME, [=](const CallerFrame& caller) {
        return wait_for_semaphore(
            semaphore, Function::k_sem_clockwait, caller, [=] { return deadline_of(clock, deadline); },
            [=] { return real::sem_clockwait(semaphore, clock, deadline); });
    });
}

EXPORTED int sem_post(sem_t* semaphore) noexcept {
    // Noted first: a poster may be gone for good after the post, and the semaphore with it.
    if (ThreadRecord* const self = this_thread()) {
        const uint32_t stack = capture_stack_of(self, WRAPPER_FRAME);
        const uint64_t now = counted_ns(self);
        note_signal(self, protocol::SignalKind::kPost, address_of(semaphore), stack, now);
        if (__builtin_expect(is_shared(semaphore), 0))
            note_signal(self, protocol::SignalKind::kPost, taken(semaphore), stack, now);
    }
    return real::sem_post(semaphore);
}

}  // extern "C"

}  // namespace preload
