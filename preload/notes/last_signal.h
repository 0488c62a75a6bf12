// SPDX-License-Identifier: Apache-2.0
//
// Who signalled, broadcast, posted or woke an object last: ThreadRecord::signals. In line, as a program may post
// as often as it locks, and each call that is one deeper costs as much as the rest at a depth of 15.
#pragma once

#include <cstdint>

#include "preload/notes/abandoned.h"
#include "preload/notes/holds.h"
#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "protocol/layout.h"
#include "protocol/seqlock.h"

namespace preload {

namespace detail {

struct Guard {
    uint32_t held;  ///< locks, up to 2
    uint64_t lock;  ///< the only one, or the one given up last; 0: none, or not known
};

/// A free entry keeps the lock that it was for until it is filled for another.
inline Guard guard_of(const ThreadRecord* self) {
    const uint32_t last = self->hold_hint.load(std::memory_order_relaxed);
    uint32_t end = last + 2;
    if (end > protocol::kHoldCount) end = protocol::kHoldCount;
    Guard guard{0, 0};
    for (uint32_t i = 0; i < end && guard.held < 2; ++i) {
        if (self->holds[i].state.load(std::memory_order_relaxed) != HoldState::kHeld) continue;
        ++guard.held;
        guard.lock = self->holds[i].address.load(std::memory_order_relaxed);
    }
    if (guard.held == 2) guard.lock = 0;
    if (guard.held == 0 && last < end && self->holds[last].state.load(std::memory_order_relaxed) == HoldState::kFree)
        guard.lock = self->holds[last].address.load(std::memory_order_relaxed);
    return guard;
}

/// Nobody waits, and no lock keeps anybody away: whoever holds a mutex now, and then waits on this
/// condition with it, has missed the signal. Clocks cannot tell, as the time of a hold is rounded. The
/// bit is the holder's again with its next lock.
void mark_held_mutexes(const ThreadRecord* self);

}  // namespace detail

/// Notes that this thread signalled, broadcast, posted or woke the object at `address` at `now`, CLOCK_MONOTONIC.
/// `waiters`: how many waited for it then, and one more; 0: not known.
__attribute__((always_inline)) inline void note_signal(ThreadRecord* self, protocol::SignalKind kind, uint64_t address,
                                                       uint32_t stack, uint64_t now, uint64_t waiters = 0) {
    constexpr uint64_t kBetweenLooks = 20'000;  // ns: a look costs about as much as some signals
    protocol::LastSignal& entry = self->signals[protocol::table_index(address, protocol::kSignalCount)];
    detail::Guard guard{1, 0};  // a post needs no lock
    if (kind != protocol::SignalKind::kPost) guard = detail::guard_of(self);
    uint8_t flags = guard.held > 0 ? 0 : protocol::kSignalUnlocked;
    if (guard.lock != 0) flags |= protocol::kSignalGuarded;
    if (waiters == 1 && guard.held == 0 && now - entry.time_ns.load(std::memory_order_relaxed) > kBetweenLooks) {
        detail::mark_held_mutexes(self);
        flags |= protocol::kSignalLooked;
    }
    const bool is_outermost = begin_own_write(self);
    entry.time_ns.store(now, std::memory_order_relaxed);
    entry.guard.store(protocol::guard_mark(guard.lock), std::memory_order_relaxed);
    entry.stack.store(stack, std::memory_order_relaxed);
    entry.kind.store(kind, std::memory_order_relaxed);
    entry.waiters.store(static_cast<uint8_t>(waiters < 255 ? waiters : 255), std::memory_order_relaxed);
    entry.flags.store(flags, std::memory_order_relaxed);
    entry.object.store(address, std::memory_order_relaxed);
    protocol::end_write(self->sequence, is_outermost);
}

/// The object begins or ends its life: what comes at its address is another one.
inline void forget_signals(ThreadRecord* self, const volatile void* object) {
    const auto address = reinterpret_cast<uintptr_t>(object);
    protocol::LastSignal& entry = self->signals[protocol::table_index(address, protocol::kSignalCount)];
    if (entry.object.load(std::memory_order_relaxed) == address) entry.object.store(0, std::memory_order_relaxed);
}

}  // namespace preload
