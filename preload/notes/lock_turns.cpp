// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/lock_turns.h"

#include "preload/notes/lock_creations.h"
#include "preload/notes/note_blocks.h"
#include "preload/process/recording.h"

namespace preload {

using protocol::TurnBlock;
using protocol::TurnLog;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

uint8_t turn_log_of(uint64_t held, uint64_t lock) {
    const uint32_t made_at = creation_class(held);
    if (made_at == 0 || made_at != creation_class(lock)) return 0;
    if (!open_notes()) return 0;
    TurnBlock* const block = made_note_block<TurnBlock>(process->turn_block, protocol::SlotUse::kTurns);
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
    TurnLog& turns = known_note_block<TurnBlock>(process->turn_block)->logs[log - 1];
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
