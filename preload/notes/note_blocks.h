// SPDX-License-Identifier: Apache-2.0
//
// Notes on locks that take the slots of threads: a word of the head leads to each of them.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/process/recording.h"
#include "preload/process/reservation.h"
#include "preload/threads/thread_slots.h"
#include "protocol/layout.h"

namespace preload {

/// The block in slot `index`.
template <typename Block>
Block* note_block_at(uint32_t index) {
    return static_cast<Block*>(region_address(protocol::kThreads, uint64_t{index} * sizeof(Block)));
}

/// The block that `link` leads to; null: none.
template <typename Block>
Block* known_note_block(const std::atomic<uint32_t>& link) {
    // Acquire pairs with the release in made_note_block: the slot was committed before.
    const uint32_t index = link.load(std::memory_order_acquire);
    return index == 0 ? nullptr : note_block_at<Block>(index - 1);
}

/// The same, made where there is none; null: no room. Of two threads that make it at once the later one's stays empty.
template <typename Block>
Block* made_note_block(std::atomic<uint32_t>& link, protocol::SlotUse use) {
    constexpr uint64_t kFewestSlots = 1024;  // small recordings keep theirs for threads
    Block* const known = known_note_block<Block>(link);
    if (known != nullptr) return known;
    if (usable_bytes(protocol::kThreads) / sizeof(Block) < kFewestSlots) return nullptr;
    const uint32_t index = take_slot_for(use);
    if (index == UINT32_MAX) return nullptr;
    uint32_t expected = 0;
    link.compare_exchange_strong(expected, index + 1, std::memory_order_release, std::memory_order_relaxed);
    return known_note_block<Block>(link);
}

}  // namespace preload
