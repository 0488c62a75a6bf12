// SPDX-License-Identifier: Apache-2.0
//
// A thread's holds: an entry is reserved before it is filled, so that a signal handler that locks
// cannot overwrite it, and every later step is one store of its state word.
#pragma once

#include <cstdint>

#include "preload/notes/abandoned.h"
#include "preload/own_swap.h"
#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/threads/this_thread.h"
#include "protocol/layout.h"
#include "protocol/seqlock.h"

namespace preload {

using protocol::Hold;
using protocol::HoldState;
using protocol::LockKind;
using protocol::Mode;
using protocol::ThreadRecord;

/// Looked at first: a swap that fails writes back what it read, over what another thread, which unlocks what
/// this one holds, has written since. A free entry is changed by its own thread alone.
inline bool claim(std::atomic<HoldState>& state) {
    return state.load(std::memory_order_relaxed) == HoldState::kFree &&
           swap_if(state, HoldState::kFree, HoldState::kReserved);
}

namespace detail {

Hold* reserve_another(ThreadRecord* self);

/// Locks that are let go in the order in which they were taken move their holds up: from this entry on the next one
/// goes into a gap below, but never into the first entry (see is_nested).
inline constexpr uint32_t kFar = 8;
Hold* reserve_below(ThreadRecord* self);

/// Below `hint`, above all that is held: what was let go in another order than the last first has left a gap.
inline uint32_t lowered(const ThreadRecord* self, uint32_t hint) {
    while (hint > 0 && self->holds[hint - 1].state.load(std::memory_order_relaxed) == HoldState::kFree) --hint;
    return hint;
}

}  // namespace detail

/// A free entry, reserved, above those that are taken, as long as that is not far up; null when all are (counted).
__attribute__((always_inline)) inline Hold* reserve(ThreadRecord* self) {
    uint32_t hint = self->hold_hint.load(std::memory_order_relaxed);
    if (hint != 0) {
        hint = detail::lowered(self, hint);
        if (__builtin_expect(hint >= detail::kFar, 0)) {
            if (Hold* const below = detail::reserve_below(self)) return below;
        }
    }
    // Beyond what was ever used the other way is taken, which moves the end.
    if (__builtin_expect(hint < self->holds_end.load(std::memory_order_relaxed) && claim(self->holds[hint].state), 1)) {
        self->hold_hint.store(hint + 1, std::memory_order_relaxed);
        return &self->holds[hint];
    }
    return detail::reserve_another(self);
}

inline uint64_t address_of(const volatile void* object) {
    return reinterpret_cast<uintptr_t>(object);
}

namespace detail {
/// The next entry goes here. Where nothing is held it tells which lock was given up last.
inline void move_hint_to(ThreadRecord* self, const Hold* hold) {
    self->hold_hint.store(static_cast<uint32_t>(hold - self->holds), std::memory_order_relaxed);
}
}  // namespace detail

/// Of the uppermost hold.
__attribute__((always_inline)) inline void drop_last(ThreadRecord* self, Hold* hold) {
    hold->state.store(HoldState::kFree, std::memory_order_release);
    detail::move_hint_to(self, hold);
}

/// What is held above it stays below the next entry: is_nested of lock_orders.h.
inline void drop(ThreadRecord* self, Hold* hold) {
    const uint32_t hint = self->hold_hint.load(std::memory_order_relaxed);
    hold->state.store(HoldState::kFree, std::memory_order_release);
    if (hold + 1 == self->holds + hint || detail::lowered(self, hint) == 0) detail::move_hint_to(self, hold);
}

/// All of an entry but its stack and its state.
__attribute__((always_inline)) inline void fill_hold(Hold* hold, LockKind kind, Mode mode, const volatile void* lock,
                                                     uint16_t detail, uint64_t now) {
    hold->kind = kind;
    hold->mode = mode;
    hold->detail = detail;
    hold->address.store(address_of(lock), std::memory_order_relaxed);
    hold->depth.store(1, std::memory_order_relaxed);
    hold->since_ns.store(now, std::memory_order_relaxed);
}

/// Reserves and fills an entry for a lock that is about to be taken at `stack`, since `now` if nobody else has it.
inline Hold* begin_hold(ThreadRecord* self, LockKind kind, Mode mode, const volatile void* lock, uint16_t detail,
                        uint64_t now, uint32_t stack) {
    const bool is_outermost = begin_own_write(self);
    Hold* const hold = reserve(self);
    if (hold != nullptr) {
        fill_hold(hold, kind, mode, lock, detail, now);
        hold->stack.store(stack, std::memory_order_relaxed);
        hold->state.store(HoldState::kAcquiring, std::memory_order_relaxed);
    }
    protocol::end_write(self->sequence, is_outermost);
    return hold;
}

/// This thread's hold of the lock at `address`, of this kind (kNone: any), other than `except`; null:
/// none is recorded. One that is being released counts only where there is no other: a foreign
/// unlock may be at it while its owner has the lock again.
inline Hold* find_hold(ThreadRecord* self, uint64_t address, LockKind kind = LockKind::kNone,
                       const Hold* except = nullptr) {
    Hold* releasing = nullptr;
    uint32_t end = self->holds_end.load(std::memory_order_relaxed);
    if (end > protocol::kHoldCount) end = protocol::kHoldCount;
    uint32_t i = self->hold_hint.load(std::memory_order_relaxed);
    if (i > end) i = end;
    for (uint32_t looked = 0; looked < end; ++looked) {
        i = i == 0 ? end - 1 : i - 1;
        Hold& hold = self->holds[i];
        if (&hold == except || hold.address.load(std::memory_order_relaxed) != address ||
            (kind != LockKind::kNone && hold.kind != kind))
            continue;
        const HoldState state = hold.state.load(std::memory_order_relaxed);
        if (state == HoldState::kHeld || state == HoldState::kLent) return &hold;
        if (state == HoldState::kReleasing) releasing = &hold;
    }
    return releasing;
}

/// The mutex of a condition wait is locked again, from here on: `hold`, if it was given up, is held.
inline void take_back(ThreadRecord* self, Hold* hold, uint32_t stack) {
    if (hold == nullptr || hold->state.load(std::memory_order_relaxed) != HoldState::kLent) return;
    const bool is_outermost = begin_own_write(self);
    hold->stack.store(stack, std::memory_order_relaxed);
    // A wait has just ended: a precise time costs nothing beside it.
    hold->since_ns.store(now_ns(), std::memory_order_relaxed);
    hold->detail = static_cast<uint16_t>((hold->detail & protocol::kHoldRobust) | protocol::kHoldPrecise);
    hold->state.store(HoldState::kHeld, std::memory_order_relaxed);
    protocol::end_write(self->sequence, is_outermost);
}

namespace detail {

/// Counts one more time in the hold that the thread has already, if it has one.
bool deepen(ThreadRecord* self, Hold* hold);
void void_holds_of_dead(uint64_t address, bool exclusive_only);

}  // namespace detail

inline bool are_dead_holders() {
    return process != nullptr && process->dead_holders.load(std::memory_order_relaxed) != 0;
}

/// A lock that is made anew, or that somebody got, is not held by a thread that ended with it: its memory
/// was used again. With `exclusive_only` readers that ended keep theirs. O(slots), but only while there
/// are such threads.
inline void void_holds_of_dead(uint64_t address, bool exclusive_only) {
    if (__builtin_expect(are_dead_holders(), 0)) detail::void_holds_of_dead(address, exclusive_only);
}

/// The real call has returned: `acquired` tells whether the lock is ours. A lock that may be taken
/// again by its owner (`recursive`) deepens the hold that is there.
__attribute__((always_inline)) inline void settle(ThreadRecord* self, Hold* hold, bool acquired, bool recursive) {
    if (__builtin_expect(hold == nullptr, 0)) return;
    if (__builtin_expect(!acquired, 0)) {
        drop(self, hold);
        return;
    }
    if (recursive && detail::deepen(self, hold)) return;
    hold->state.store(HoldState::kHeld, std::memory_order_release);
    if (__builtin_expect(are_dead_holders(), 0)) {
        detail::void_holds_of_dead(hold->address.load(std::memory_order_relaxed), hold->mode == Mode::kShared);
    }
}

/// An unlock in three steps: begin_release, the real call, end_release. Also for locks that another thread holds: where
/// the call has not refused that, note_foreign_release comes before the last step.
struct Release {
    ThreadRecord* owner;  ///< of the lock: mostly who unlocks; null: nobody is known
    Hold* hold;           ///< null: none is recorded, or its owner is at it as well
};
Release begin_release(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner);
void end_release(ThreadRecord* self, Release release, bool released);
inline bool is_foreign(const ThreadRecord* self, Release release) {
    return release.owner != nullptr && release.owner != self;
}
/// For good on the lock, with where it happened.
void note_foreign_release(ThreadRecord* self, LockKind kind, const volatile void* lock, const ThreadRecord* owner,
                          uint32_t stack);

inline void note_release(Hold* hold) {
    if (__builtin_expect(hold->depth.load(std::memory_order_relaxed) != 1, 0)) return;
    hold->state.store(HoldState::kReleasing, std::memory_order_relaxed);
    // A store that readers must see before the lock is free; x86 keeps the order of stores.
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

/// The hold of `lock` if it is the one that was begun last, as it mostly is; else null, and nothing is known. Its
/// release is note_release, the real call, end_own_release.
inline Hold* last_hold(ThreadRecord* self, LockKind kind, const volatile void* lock) {
    // As find_hold: the one before the next free entry comes first.
    const uint32_t last = self->hold_hint.load(std::memory_order_relaxed) - 1;
    if (__builtin_expect(last >= protocol::kHoldCount, 0)) return nullptr;
    Hold& hold = self->holds[last];
    const bool is_this = hold.address.load(std::memory_order_relaxed) == address_of(lock) && hold.kind == kind &&
                         hold.state.load(std::memory_order_relaxed) == HoldState::kHeld;
    return is_this ? &hold : nullptr;
}

inline void end_own_release(ThreadRecord* self, Hold* hold, bool released) {
    if (__builtin_expect(released && hold->depth.load(std::memory_order_relaxed) == 1, 1)) {
        drop_last(self, hold);
    } else {
        end_release(self, {self, hold}, released);
    }
}

/// The thread that holds the lock: of those that libc names, where it does; 0: none is known.
uint32_t number_of_owner(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner);

/// The lock was destroyed or initialized anew: whatever this thread, or one that has ended, held of it
/// is void, and so is its name.
void forget_lock(ThreadRecord* self, const volatile void* lock);

}  // namespace preload
