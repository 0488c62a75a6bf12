// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/holds.h"

#include "preload/notes/misuse.h"
#include "preload/notes/texts.h"
#include "preload/threads/thread_slots.h"

namespace preload {

namespace {

/// Only ever further: a handler that comes in between may have moved it, and left an entry taken there.
void move_holds_end(ThreadRecord* self, uint32_t end) {
    uint32_t before = self->holds_end.load(std::memory_order_relaxed);
    while (before < end && !swap_if(self->holds_end, before, end))
        before = self->holds_end.load(std::memory_order_relaxed);
}

/// The hint is only ever moved up.
Hold* reserve_between(ThreadRecord* self, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; ++i) {
        if (!claim(self->holds[i].state)) continue;
        move_holds_end(self, i + 1);
        if (self->hold_hint.load(std::memory_order_relaxed) <= i)
            self->hold_hint.store(i + 1, std::memory_order_relaxed);
        return &self->holds[i];
    }
    return nullptr;
}

/// Above what is held, as long as there is room; the first entry last, as it stands for a lock that is alone.
Hold* reserve_first(ThreadRecord* self) {
    const uint32_t hint = detail::lowered(self, self->hold_hint.load(std::memory_order_relaxed));
    Hold* hold = reserve_between(self, hint, protocol::kHoldCount);
    if (hold == nullptr) hold = reserve_between(self, 1, hint);
    return hold != nullptr ? hold : reserve_between(self, 0, 1);
}

}  // namespace

namespace detail {

Hold* reserve_below(ThreadRecord* self) {
    return reserve_between(self, 1, kFar);
}

Hold* reserve_another(ThreadRecord* self) {
    Hold* hold = reserve_first(self);
    if (hold == nullptr && free_abandoned_holds(self)) hold = reserve_first(self);
    if (hold == nullptr) {
        self->holds_lost.store(self->holds_lost.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    return hold;
}
void void_holds_of_dead(uint64_t address, bool exclusive_only) {
    for (uint32_t i = 0; ThreadRecord* const thread = thread_slot(i); ++i) {
        if ((thread->life.load(std::memory_order_acquire) & protocol::kLifeDiedHolding) == 0) continue;
        Hold* const hold = find_hold(thread, address);
        if (hold == nullptr || (exclusive_only && hold->mode != Mode::kExclusive)) continue;
        HoldState expected = HoldState::kHeld;
        if (hold->state.compare_exchange_strong(expected, HoldState::kFree)) free_if_done(thread);
    }
}

bool deepen(ThreadRecord* self, Hold* hold) {
    Hold* const outer = find_hold(self, hold->address.load(std::memory_order_relaxed), hold->kind, hold);
    if (outer == nullptr) return false;
    outer->depth.store(outer->depth.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    drop(self, hold);
    return true;
}

}  // namespace detail

namespace {

/// A note that finds no room is a loss: from then on a proof on this lock would be one too many.
void note_foreign_unlock(const volatile void* lock) {
    if (!open_notes()) {
        process->holds_lost.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const uint64_t address = address_of(lock);
    auto& entry = process->foreign_unlocks[protocol::table_index(address, protocol::kForeignUnlockCount)];
    uint64_t expected = 0;
    if (!entry.compare_exchange_strong(expected, address, std::memory_order_relaxed) && expected != address) {
        process->foreign_unlocks_lost.store(1, std::memory_order_relaxed);
    }
}

/// Where libc keeps no owner, a hold of the caller's that found no room cannot be told from one that it never had.
bool may_be_foreign(const ThreadRecord* self, LockKind kind, uint32_t libc_owner) {
    if (libc_owner != 0) return libc_owner != self->tid.load(std::memory_order_relaxed);
    return kind != LockKind::kMutex && self->holds_lost.load(std::memory_order_relaxed) == 0;
}

/// Another thread's hold of `lock`, but none that it has given up for the time of a condition wait. `libc_owner` is the
/// tid that libc has as its owner, 0 where it keeps none; it spares the search when the lock is the caller's own and
/// merely not recorded.
Release find_foreign(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner) {
    if (process == nullptr || !may_be_foreign(self, kind, libc_owner)) return {};
    for (uint32_t i = 0; ThreadRecord* const other = thread_slot(i); ++i) {
        if (other == self || other->number.load(std::memory_order_relaxed) == 0) continue;
        if (libc_owner != 0 && other->tid.load(std::memory_order_relaxed) != libc_owner) continue;
        Hold* const hold = find_hold(other, address_of(lock), kind);
        if (hold != nullptr && hold->state.load(std::memory_order_relaxed) != HoldState::kLent) return {other, hold};
    }
    return {};
}

}  // namespace

Release begin_release(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner) {
    Hold* const hold = find_hold(self, address_of(lock), kind);
    if (hold != nullptr) {
        note_release(hold);
        return {self, hold};
    }
    const Release release = find_foreign(self, kind, lock, libc_owner);
    if (release.hold == nullptr) return {};
    HoldState expected = HoldState::kHeld;
    const bool is_begun = release.hold->state.compare_exchange_strong(expected, HoldState::kReleasing);
    return {release.owner, is_begun ? release.hold : nullptr};
}

void note_foreign_release(ThreadRecord* self, LockKind kind, const volatile void* lock, const ThreadRecord* owner,
                          uint32_t stack) {
    note_foreign_unlock(lock);
    note_misuse(self, protocol::MisuseKind::kForeignUnlock, kind, address_of(lock), stack,
                owner->number.load(std::memory_order_relaxed));
}

void end_release(ThreadRecord* self, Release release, bool released) {
    Hold* const hold = release.hold;
    if (hold == nullptr) return;
    if (!released) {
        hold->state.store(HoldState::kHeld, std::memory_order_release);
    } else if (release.owner != self) {
        HoldState expected = HoldState::kReleasing;
        hold->state.compare_exchange_strong(expected, HoldState::kFree);
        free_if_done(release.owner);
    } else if (hold->depth.load(std::memory_order_relaxed) == 1) {
        drop(self, hold);
    } else {
        hold->depth.store(hold->depth.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    }
}

uint32_t number_of_owner(ThreadRecord* self, LockKind kind, const volatile void* lock, uint32_t libc_owner) {
    const ThreadRecord* owner =
        find_hold(self, address_of(lock), kind) != nullptr ? self : find_foreign(self, kind, lock, libc_owner).owner;
    return owner == nullptr ? 0 : owner->number.load(std::memory_order_relaxed);
}

void forget_lock(ThreadRecord* self, const volatile void* lock) {
    while (Hold* const hold = find_hold(self, address_of(lock))) drop(self, hold);
    void_holds_of_dead(address_of(lock), false);
    forget_name(address_of(lock));
}

}  // namespace preload
