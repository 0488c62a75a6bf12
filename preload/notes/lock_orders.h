// SPDX-License-Identifier: Apache-2.0
//
// Which lock was taken while which other was held. Each thread notes an order once, in a block of the
// recording that is its own: no line of it is written by two threads but where a lock is destroyed.
// Nothing of this runs where a thread holds one lock at a time.
#pragma once

#include <cstdint>

#include "preload/notes/holds.h"
#include "protocol/layout.h"

namespace preload {

/// Whether other locks may be held beside `hold`, which was begun last: the first entry is taken where
/// nothing is held. O(1): two words of the line that was just written.
inline bool is_nested(const ThreadRecord* self, const Hold* hold) {
    return hold != self->holds || self->holds[1].state.load(std::memory_order_relaxed) != HoldState::kFree;
}

/// `taken` has just been acquired, by a call that would have waited for it without a bound. Nothing is
/// noted while there is but one thread.
void note_orders(ThreadRecord* self, const Hold* taken);

/// The lock at `address` begins or ends its life: orders that the last one there was in are void.
/// O(blocks), where it was in any.
void forget_orders(uint64_t address);

/// The thread ends: the next one that nests locks goes on with its block.
void give_back_order_block(ThreadRecord* self);

}  // namespace preload
