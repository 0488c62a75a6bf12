// SPDX-License-Identifier: Apache-2.0
//
// A thread's holds: an entry is reserved before it is filled, so that a signal handler that locks
// cannot overwrite it, and every later step is one store of its state word.
#pragma once

#include <cstdint>

#include "preload/recording.h"
#include "preload/this_thread.h"
#include "protocol/layout.h"
#include "protocol/seqlock.h"

namespace preload {

using protocol::Hold;
using protocol::HoldState;
using protocol::LockKind;
using protocol::Mode;
using protocol::ThreadRecord;

/// Compare-and-swap against this thread's own signal handlers only: no lock prefix, no bus traffic.
inline bool claim(std::atomic<HoldState>& state) {
    auto expected = HoldState::kFree;
    bool claimed;
    __asm__ volatile("cmpxchgl %[next], %[state]"
                     : [state] "+m"(state), "+a"(expected), "=@ccz"(claimed)
                     : [next] "r"(HoldState::kReserved)
                     : "memory");
    return claimed;
}

/// A free entry, reserved; null when all are taken (counted).
inline Hold* reserve(ThreadRecord* self) {
    const uint32_t hint = self->hold_hint.load(std::memory_order_relaxed);
    if (hint < protocol::kHoldCount && claim(self->holds[hint].state)) {
        self->hold_hint.store(hint + 1, std::memory_order_relaxed);
        return &self->holds[hint];
    }
    for (uint32_t i = 0; i < protocol::kHoldCount; ++i) {
        if (claim(self->holds[i].state)) {
            self->hold_hint.store(i + 1, std::memory_order_relaxed);
            return &self->holds[i];
        }
    }
    self->holds_lost.store(self->holds_lost.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return nullptr;
}

inline uint64_t address_of(const volatile void* object) {
    return reinterpret_cast<uintptr_t>(object);
}

/// Reserves and fills an entry for a lock that is about to be taken.
inline Hold* begin_hold(ThreadRecord* self, LockKind kind, Mode mode, const volatile void* lock, uint32_t stack,
                        uint16_t detail = 0) {
    Hold* const hold = reserve(self);
    if (hold == nullptr) return nullptr;
    const bool outermost = protocol::begin_write(self->sequence);
    hold->kind = kind;
    hold->mode = mode;
    hold->detail = detail;
    hold->address.store(address_of(lock), std::memory_order_relaxed);
    hold->stack.store(stack, std::memory_order_relaxed);
    hold->depth.store(1, std::memory_order_relaxed);
    hold->since_ns.store(0, std::memory_order_relaxed);
    hold->state.store(HoldState::kAcquiring, std::memory_order_relaxed);
    protocol::end_write(self->sequence, outermost);
    return hold;
}

inline void drop(ThreadRecord* self, Hold* hold) {
    hold->state.store(HoldState::kFree, std::memory_order_release);
    self->hold_hint.store(static_cast<uint32_t>(hold - self->holds), std::memory_order_relaxed);
}

/// This thread's hold of the lock at `address`, of this kind (kNone: any), other than `except`; null:
/// none is recorded. One that is being released counts only where there is no other: a foreign
/// unlock may be at it while its owner has the lock again.
inline Hold* find_hold(ThreadRecord* self, uint64_t address, LockKind kind = LockKind::kNone,
                       const Hold* except = nullptr) {
    Hold* releasing = nullptr;
    uint32_t i = self->hold_hint.load(std::memory_order_relaxed);
    if (i > protocol::kHoldCount) i = protocol::kHoldCount;
    for (uint32_t looked = 0; looked < protocol::kHoldCount; ++looked) {
        i = i == 0 ? protocol::kHoldCount - 1 : i - 1;
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
    const bool outermost = protocol::begin_write(self->sequence);
    hold->stack.store(stack, std::memory_order_relaxed);
    hold->since_ns.store(now_coarse_ns(), std::memory_order_relaxed);
    hold->state.store(HoldState::kHeld, std::memory_order_relaxed);
    protocol::end_write(self->sequence, outermost);
}

namespace detail {

/// Counts one more time in the hold that the thread has already, if it has one.
bool deepen(ThreadRecord* self, Hold* hold);
void void_holds_of_dead(uint64_t address, bool exclusive_only);

}  // namespace detail

/// A lock that is made anew, or that somebody got, is not held by a thread that ended with it: its memory
/// was used again. With `exclusive_only` readers that ended keep theirs. O(slots), but only while there
/// are such threads.
inline void void_holds_of_dead(uint64_t address, bool exclusive_only) {
    if (process == nullptr || process->dead_holders.load(std::memory_order_relaxed) == 0) return;
    detail::void_holds_of_dead(address, exclusive_only);
}

/// The real call has returned: `acquired` tells whether the lock is ours. A lock that may be taken
/// again by its owner (`recursive`) deepens the hold that is there.
inline void settle(ThreadRecord* self, Hold* hold, bool acquired, bool recursive) {
    if (hold == nullptr) return;
    if (__builtin_expect(!acquired, 0)) {
        drop(self, hold);
        return;
    }
    if (__builtin_expect(recursive, 0) && detail::deepen(self, hold)) return;
    hold->since_ns.store(now_coarse_ns(), std::memory_order_relaxed);
    hold->state.store(HoldState::kHeld, std::memory_order_release);
    void_holds_of_dead(hold->address.load(std::memory_order_relaxed), hold->mode == Mode::kShared);
}

/// An unlock in three steps: begin_release, the real call, end_release. Also for locks that another
/// thread holds: that is noted for good on the lock.
struct Release {
    ThreadRecord* owner;  ///< null: no hold is recorded
    Hold* hold;
    bool foreign;
};
namespace detail {

Release begin_foreign_release(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner);
void end_uncommon_release(const Release& release, bool released);

}  // namespace detail

inline Release begin_release(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner) {
    Hold* const hold = find_hold(self, address_of(lock), kind);
    if (__builtin_expect(hold == nullptr, 0)) return detail::begin_foreign_release(self, kind, lock, libc_owner);
    if (__builtin_expect(hold->depth.load(std::memory_order_relaxed) == 1, 1)) {
        hold->state.store(HoldState::kReleasing, std::memory_order_relaxed);
        // A store that readers must see before the lock is free; x86 keeps the order of stores.
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    return {self, hold, false};
}

inline void end_release(ThreadRecord* self, const Release& release, bool released) {
    Hold* const hold = release.hold;
    if (hold == nullptr) return;
    if (__builtin_expect(released && !release.foreign && hold->depth.load(std::memory_order_relaxed) == 1, 1)) {
        drop(self, hold);
    } else {
        detail::end_uncommon_release(release, released);
    }
}

/// The lock was destroyed or initialized anew: whatever this thread, or one that has ended, held of it
/// is void.
void forget_lock(ThreadRecord* self, const volatile void* lock);

}  // namespace preload
