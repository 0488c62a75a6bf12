// SPDX-License-Identifier: Apache-2.0
#include "preload/lock_turns.h"

#include "preload/lock_creations.h"
#include "preload/recording.h"
#include "preload/thread_slots.h"

namespace preload {

using protocol::TurnBlock;
using protocol::TurnLog;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kFewestSlots = 1024;

TurnBlock* block_at(uint32_t index) {
    return static_cast<TurnBlock*>(region_address(protocol::kThreads, uint64_t{index} * sizeof(TurnBlock)));
}

TurnBlock* known_block() {
    // Acquire pairs with the release in block_made: the slot was committed before.
    const uint32_t index = process->turn_block.load(std::memory_order_acquire);
    return index == 0 ? nullptr : block_at(index - 1);
}

/// Of two threads that make it at once the later one's stays empty.
TurnBlock* block_made() {
    if (!open_notes()) return nullptr;
    TurnBlock* const known = known_block();
    if (known != nullptr) return known;
    // Small recordings keep their slots for threads.
    if (process->regions[protocol::kThreads].bytes / sizeof(TurnBlock) < kFewestSlots) return nullptr;
    const uint32_t index = take_slot_for(protocol::SlotUse::kTurns);
    if (index == UINT32_MAX) return nullptr;
    uint32_t expected = 0;
    process->turn_block.compare_exchange_strong(expected, index + 1, std::memory_order_release, kRelaxed);
    return known_block();
}

}  // namespace

uint8_t turn_log_of(uint64_t held, uint64_t lock) {
    const uint32_t made_at = creation_class(held);
    if (made_at == 0 || made_at != creation_class(lock)) return 0;
    TurnBlock* const block = block_made();
    if (block == nullptr) return 0;
    for (uint8_t i = 0; i < protocol::kTurnLogs; ++i) {
        std::atomic<uint32_t>& owner = block->logs[i].made_at;
        uint32_t expected = 0;
        if (owner.compare_exchange_strong(expected, made_at, kRelaxed) || expected == made_at)
            return static_cast<uint8_t>(i + 1);
    }
    return 0;
}

bool note_turn(uint8_t log, uint64_t held, uint64_t lock) {
    TurnLog& turns = known_block()->logs[log - 1];
    const uint64_t turn = uint64_t{protocol::hash_of_lock(held)} << 32 | protocol::hash_of_lock(lock);
    const uint32_t count = turns.count.load(kRelaxed);
    if (count >= protocol::kTurnCount) return false;
    if (count > 0 && turns.turns[count - 1].load(kRelaxed) == turn) return true;
    const uint32_t index = turns.count.fetch_add(1, kRelaxed);
    if (index >= protocol::kTurnCount) return false;
    turns.turns[index].store(turn, kRelaxed);
    return true;
}

}  // namespace preload
