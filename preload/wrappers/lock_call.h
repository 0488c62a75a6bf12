// SPDX-License-Identifier: Apache-2.0
//
// What every lock function does, whatever the primitive. The stack is taken before the lock, so that
// no critical section grows; the lock is tried first, and only where that fails is the wait
// published, before the real call.
#pragma once

#include <errno.h>

#include <type_traits>

#include "preload/notes/holds.h"
#include "preload/notes/lock_creations.h"
#include "preload/notes/lock_orders.h"
#include "preload/notes/misuse.h"
#include "preload/notes/waits.h"
#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_recall.h"

namespace preload {

/// How one lock function differs from another.
struct LockCall {
    LockKind kind;
    Mode mode;
    WaitKind wait;
    Function function;
    uint8_t wait_flags = 0;
    uint16_t hold_detail = 0;
    bool is_recursive = false;  ///< a thread may take again what it has
    bool try_first = true;      ///< false: a try is not the first half of this call
    int busy = EBUSY;           ///< what the try says of a lock that must be waited for
};

/// The lock is the caller's, whatever its last owner left behind.
inline bool acquired(int error) {
    return error == 0 || error == EOWNERDEAD;
}

/// Where the stack is not known yet: a walk takes long, and a signal handler that is left by a jump must not
/// leave the record open. And where it is open.
[[gnu::noinline]] inline Hold* begin_hold_slowly(ThreadRecord* self, LockCall lock_call, const volatile void* lock,
                                                 WrapperFrame frame, bool is_unseen) {
    const uint32_t stack = is_unseen ? detail::capture_unseen(self, frame) : detail::capture_slowly(self, frame);
    return begin_hold(self, lock_call.kind, lock_call.mode, lock, lock_call.hold_detail, now_coarse_ns(), stack);
}

__attribute__((always_inline)) inline Hold* begin_hold(ThreadRecord* self, const LockCall& lock_call,
                                                       const volatile void* lock, WrapperFrame frame) {
    const uint64_t now = now_coarse_ns();
    if (__builtin_expect(!protocol::begin_write(self->sequence), 0)) {
        return begin_hold_slowly(self, lock_call, lock, frame, false);
    }
    Hold* const hold = reserve(self);
    if (__builtin_expect(hold == nullptr, 0)) {
        protocol::end_write(self->sequence, true);
        return nullptr;
    }
    fill_hold(hold, lock_call.kind, lock_call.mode, lock, lock_call.hold_detail, now);
    // Recalled while the other words are on their way to memory.
    uint32_t stack = recall_stack(self, frame.caller(), stack_limits(self), frame.address);
    if (__builtin_expect(stack == 0, 0)) stack = detail::recall_any(self, frame);
    if (__builtin_expect(stack == 0, 0)) {
        drop(self, hold);
        protocol::end_write(self->sequence, true);
        return begin_hold_slowly(self, lock_call, lock, frame, true);
    }
    hold->stack.store(stack, std::memory_order_relaxed);
    hold->state.store(HoldState::kAcquiring, std::memory_order_relaxed);
    protocol::end_write(self->sequence, true);
    check_recalled(stack, frame.caller(), self);
    return hold;
}

/// A bounded wait gives up in the end, so that it makes no order; nor does a try.
template <typename Deadline>
__attribute__((always_inline)) inline void note_orders_after(ThreadRecord* self, const Hold* hold) {
    if constexpr (std::is_same_v<Deadline, uint64_t (*)()>) {
        if (__builtin_expect(hold != nullptr && is_nested(self, hold), 0)) note_orders(self, hold);
    }
}

/// Of a lock that tells: what would be a wait for oneself.
inline void note_relock(ThreadRecord* self, const LockCall& lock_call, const volatile void* lock, uint32_t stack) {
    if (find_hold(self, address_of(lock), lock_call.kind) == nullptr) return;
    note_misuse(self, protocol::MisuseKind::kRelocked, lock_call.kind, address_of(lock), stack,
                self->number.load(std::memory_order_relaxed));
}

/// The slow half of a lock: publishes the wait around the real call. A function of its own, so that the
/// quick half keeps next to nothing in memory.
template <typename Deadline, typename Call>
[[gnu::noinline]] int wait_for_lock(ThreadRecord* self, LockCall lock_call, const volatile void* lock, Hold* hold,
                                    WrapperFrame frame, Deadline deadline, Call call) {
    if (process == nullptr) {
        settle(self, hold, false, false);
        self = ensure_recording(self);
        hold = begin_hold(self, lock_call, lock, frame);
    }
    const CallerFrame caller = frame.caller();
    const uint32_t stack =
        hold != nullptr ? hold->stack.load(std::memory_order_relaxed) : capture_stack(caller, stack_limits(self));
    const int error = wait_in(
        self, {lock_call.wait, lock_call.function, lock_call.wait_flags, stack, address_of(lock), 0, deadline()},
        caller, call);
    if (hold != nullptr) hold->since_ns.store(now_coarse_ns(), std::memory_order_relaxed);
    settle(self, hold, acquired(error), lock_call.is_recursive);
    if (acquired(error)) note_orders_after<Deadline>(self, hold);
    if (__builtin_expect(error == EDEADLK, 0)) note_relock(self, lock_call, lock, stack);
    return error;
}

/// Lock with or without a deadline, which is only asked for when the lock must be waited for.
template <typename Try, typename Deadline, typename Call>
__attribute__((always_inline)) inline int take_lock(const LockCall& lock_call, const volatile void* lock,
                                                    WrapperFrame frame, Try try_lock, Deadline deadline, Call call) {
    ThreadRecord* const self = this_thread();
    if (__builtin_expect(self == nullptr, 0)) return call();
    Hold* const hold = begin_hold(self, lock_call, lock, frame);
    const int error = lock_call.try_first ? try_lock() : lock_call.busy;
    if (__builtin_expect(error == 0, 1)) {
        settle(self, hold, true, lock_call.is_recursive);
        note_orders_after<Deadline>(self, hold);
        return 0;
    }
    if (error == lock_call.busy) return wait_for_lock(self, lock_call, lock, hold, frame, deadline, call);
    settle(self, hold, acquired(error), lock_call.is_recursive);
    if (acquired(error)) note_orders_after<Deadline>(self, hold);
    return error;
}

template <typename Try>
__attribute__((always_inline)) inline int try_to_take_lock(const LockCall& lock_call, const volatile void* lock,
                                                           WrapperFrame frame, Try try_lock) {
    ThreadRecord* const self = this_thread();
    if (__builtin_expect(self == nullptr, 0)) return try_lock();
    Hold* const hold = begin_hold(self, lock_call, lock, frame);
    const int error = try_lock();
    settle(self, hold, acquired(error), lock_call.is_recursive);
    return error;
}

/// The unlock of a lock that is not the one taken last, or not the caller's.
template <typename Call>
[[gnu::noinline]] int release_any_lock(ThreadRecord* self, LockKind kind, const volatile void* lock,
                                       uint32_t libc_owner, WrapperFrame frame, Call call) {
    const Release release = begin_release(self, kind, lock, libc_owner);
    const int error = call();
    if (is_foreign(self, release) && error == 0)
        note_foreign_release(self, kind, lock, release.owner, capture_stack(frame.caller(), stack_limits(self)));
    end_release(self, release, error == 0);
    return error;
}

/// `libc_owner` tells the tid that libc has as the owner, 0 where it keeps none; asked where it is needed, as the
/// program's own tools watch who reads it.
template <typename Owner, typename Call>
__attribute__((always_inline)) inline int release_lock(LockKind kind, const volatile void* lock, Owner libc_owner,
                                                       Call call) {
    ThreadRecord* const self = this_thread();
    if (__builtin_expect(self == nullptr, 0)) return call();
    Hold* const hold = last_hold(self, kind, lock);
    // This stands in the wrapper: the frame is not asked for before.
    if (__builtin_expect(hold == nullptr, 0)) {
        return release_any_lock(self, kind, lock, libc_owner(), WRAPPER_FRAME, call);
    }
    note_release(hold);
    const int error = call();
    end_own_release(self, hold, error == 0);
    return error;
}

/// A lock that has begun or ended its life is nobody's.
inline void forget_lock(const volatile void* lock) {
    if (ThreadRecord* const self = this_thread()) forget_lock(self, lock);
    forget_orders(address_of(lock));
    forget_creation(address_of(lock));
}

/// The real call has refused to destroy a lock because it is held. `libc_owner`: 0 where it keeps none.
inline void note_destroyed_locked(LockKind kind, const volatile void* lock, uint32_t libc_owner,
                                  const CallerFrame& caller) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return;
    const uint32_t owner = number_of_owner(self, kind, lock, libc_owner);
    note_misuse(self, protocol::MisuseKind::kDestroyedLocked, kind, address_of(lock),
                capture_stack(caller, stack_limits(self)), owner);
}

/// Destroys one; what the call returned, 0 for success.
template <typename Call>
int destroy_lock(const volatile void* lock, Call call) {
    const int error = call();
    if (error == 0) forget_lock(lock);
    return error;
}

/// Initializes one.
template <typename Call>
int make_lock(const volatile void* lock, WrapperFrame frame, Call call) {
    const int error = call();
    if (error != 0) return error;
    forget_lock(lock);
    note_creation(address_of(lock), frame);
    return 0;
}

}  // namespace preload
