// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/lock_orders.h"

#include "preload/notes/lock_turns.h"
#include "preload/notes/note_blocks.h"
#include "preload/process/recording.h"
#include "preload/process/reservation.h"
#include "preload/threads/thread_slots.h"

namespace preload {

using protocol::OrderBlock;
using protocol::OrderEdge;
using protocol::OrderState;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint32_t kMostHeld = 8;    ///< locks held at once whose orders are noted
constexpr uint32_t kProbes = 8;      ///< entries that one order may lie in
constexpr uint32_t kBlockShare = 4;  ///< one slot of so many may be a block
constexpr uint32_t kMostBlocks = 8;  ///< of one thread

/// Other locks that are held, and taken together with them.
struct Held {
    const Hold* holds[kMostHeld];
    uint32_t count;
    bool is_complete;
};

ThreadRecord* record_of(OrderBlock* block) {
    return reinterpret_cast<ThreadRecord*>(block);
}

uint64_t bit_of(uint64_t address) {
    return uint64_t{1} << (protocol::hash_of_lock(address) >> 26);
}

std::atomic<uint64_t>& word_of(uint64_t address) {
    return process->ordered_locks[protocol::hash_of_lock(address) >> 24 & 3];
}

/// Treiber stack, as that of free slots.
uint32_t pop_block() {
    uint64_t head = process->free_blocks.load(std::memory_order_acquire);
    while (static_cast<uint32_t>(head) != 0) {
        ThreadRecord* const block = record_of(note_block_at<OrderBlock>(static_cast<uint32_t>(head) - 1));
        const uint64_t next = ((head >> 32) + 1) << 32 | block->next_free.load(kRelaxed);
        if (process->free_blocks.compare_exchange_weak(head, next, std::memory_order_acquire))
            return static_cast<uint32_t>(head);
    }
    return 0;
}

/// One slot of `share` may be a block.
uint32_t take_new_block(uint32_t share) {
    const uint64_t slots = usable_bytes(protocol::kThreads) / sizeof(OrderBlock);
    if (process->blocks.fetch_add(1, kRelaxed) >= slots / share) {
        process->blocks.fetch_sub(1, kRelaxed);
        return 0;
    }
    const uint32_t index = take_slot_for(protocol::SlotUse::kOrders);
    if (index == UINT32_MAX) return 0;
    OrderBlock* const block = note_block_at<OrderBlock>(index);
    uint32_t last = process->last_block.load(kRelaxed);
    do {
        block->next_block.store(last, kRelaxed);
        // Release pairs with the acquire in forget_orders: who finds the block sees where it leads.
    } while (!process->last_block.compare_exchange_weak(last, index + 1, std::memory_order_release, kRelaxed));
    return index + 1;
}

/// The block that `link` leads to, a new one if it leads to none. A signal handler may come here while its thread
/// does: then one block more is this thread's.
OrderBlock* follow(std::atomic<uint32_t>& link, uint32_t share) {
    uint32_t index = link.load(kRelaxed);
    if (index == 0) {
        index = pop_block();
        if (index == 0) index = take_new_block(share);
        if (index == 0) return nullptr;
        link.store(index, kRelaxed);
    }
    return note_block_at<OrderBlock>(index - 1);
}

bool is_ordered(protocol::LockKind kind) {
    return kind == LockKind::kMutex || kind == LockKind::kRwlock || kind == LockKind::kSpin;
}

Held held_beside(const ThreadRecord* self, const Hold* taken) {
    Held held{};
    held.is_complete = true;
    const uint64_t address = taken->address.load(kRelaxed);
    uint32_t end = self->hold_hint.load(kRelaxed) + 2;  // beyond it only what a signal handler has kept
    if (end > protocol::kHoldCount) end = protocol::kHoldCount;
    for (uint32_t i = 0; i < end; ++i) {
        const Hold& hold = self->holds[i];
        if (&hold == taken || hold.state.load(kRelaxed) != HoldState::kHeld || !is_ordered(hold.kind)) continue;
        if (hold.address.load(kRelaxed) == address) continue;
        if (held.count == kMostHeld) {
            held.is_complete = false;
            break;
        }
        held.holds[held.count++] = &hold;
    }
    return held;
}

/// The gate as it was held each time, this one too: whoever only read it once let other readers in. 0: not held.
uint32_t still_gate(const Held& held, uint32_t gate) {
    for (uint32_t i = 0; i < held.count; ++i) {
        const uint64_t address = held.holds[i]->address.load(kRelaxed);
        if (protocol::hash_of_lock(address) == (gate | 1))
            return gate & protocol::gate_of_lock(address, held.holds[i]->mode);
    }
    return 0;
}

bool is_same(const OrderEdge& edge, const Hold& held, const Hold& taken) {
    return edge.held.load(kRelaxed) == held.address.load(kRelaxed) &&
           edge.lock.load(kRelaxed) == taken.address.load(kRelaxed) && edge.held_mode == held.mode &&
           edge.mode == taken.mode;
}

bool may_have_more_gates(const OrderEdge& edge) {
    return edge.gates[protocol::kOrderGates - 1].load(kRelaxed) != 0;
}

/// Those that keep everyone out come first.
void note_gates(OrderEdge& edge, const Held& all, const Hold& held) {
    uint32_t gates = 0;
    for (const Mode mode : {Mode::kExclusive, Mode::kShared}) {
        for (uint32_t i = 0; i < all.count && gates < protocol::kOrderGates; ++i) {
            const Hold& other = *all.holds[i];
            if (&other == &held || other.mode != mode) continue;
            edge.gates[gates++].store(protocol::gate_of_lock(other.address.load(kRelaxed), mode), kRelaxed);
        }
    }
    for (; gates < protocol::kOrderGates; ++gates) edge.gates[gates].store(0, kRelaxed);
}

/// Keeps what is held this time too. Returns whether there is less than before.
bool keep_gates(OrderEdge& edge, const Held& all) {
    bool is_less = false;
    uint32_t kept = 0;
    for (std::atomic<uint32_t>& gate : edge.gates) {
        const uint32_t before = gate.load(kRelaxed);
        if (before == 0) break;
        const uint32_t now = still_gate(all, before);
        is_less = is_less || now != before;
        if (now != 0) edge.gates[kept++].store(now, kRelaxed);
    }
    for (uint32_t i = kept; is_less && i < protocol::kOrderGates; ++i) edge.gates[i].store(0, kRelaxed);
    return is_less;
}

/// What this time was held, too, is what may have kept the order safe; only what was held each time did.
void see_again(OrderEdge& edge, ThreadRecord* self, const Held& all, const Hold& held, const Hold& taken) {
    const uint32_t number = self->number.load(kRelaxed);
    if (edge.thread.load(kRelaxed) != number && edge.other_thread.load(kRelaxed) == 0)
        edge.other_thread.store(number, kRelaxed);
    if (edge.gates[0].load(kRelaxed) == 0) return;
    if (may_have_more_gates(edge)) {
        // What was held each time is among what is held now, whether it was noted or not.
        note_gates(edge, all, held);
        if (may_have_more_gates(edge)) return;
    } else if (!keep_gates(edge, all)) {
        return;
    }
    edge.held_stack.store(held.stack.load(kRelaxed), kRelaxed);
    edge.stack.store(taken.stack.load(kRelaxed), kRelaxed);
}

void fill(OrderEdge& edge, ThreadRecord* self, const Held& all, const Hold& held, const Hold& taken) {
    edge.state.store(OrderState::kFilling, kRelaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    edge.held_kind = held.kind;
    edge.kind = taken.kind;
    edge.held_mode = held.mode;
    edge.mode = taken.mode;
    edge.held.store(held.address.load(kRelaxed), kRelaxed);
    edge.lock.store(taken.address.load(kRelaxed), kRelaxed);
    edge.time_ns.store(now_ns(), kRelaxed);
    edge.held_stack.store(held.stack.load(kRelaxed), kRelaxed);
    edge.stack.store(taken.stack.load(kRelaxed), kRelaxed);
    edge.thread.store(self->number.load(kRelaxed), kRelaxed);
    edge.other_thread.store(0, kRelaxed);
    note_gates(edge, all, held);
    edge.state.store(OrderState::kNoted, std::memory_order_release);
}

/// Both before the edge can be found: who destroys one of its locks looks at them first.
void mark_locks(OrderBlock& block, const Hold& held, const Hold& taken) {
    for (const Hold* const hold : {&held, &taken}) {
        const uint64_t address = hold->address.load(kRelaxed);
        const uint64_t bit = bit_of(address);
        if ((block.locks.load(kRelaxed) & bit) == 0) block.locks.fetch_or(bit);
        if ((word_of(address).load(kRelaxed) & bit) == 0) word_of(address).fetch_or(bit);
    }
}

void take_turn(OrderBlock& block, const OrderEdge& edge) {
    std::atomic<uint8_t>& log = block.turn_logs[&edge - block.edges];
    const uint8_t number = log.load(kRelaxed);
    if (number != 0 && !note_turn(number, edge.held.load(kRelaxed), edge.lock.load(kRelaxed))) log.store(0, kRelaxed);
}

bool note_in(OrderBlock& block, ThreadRecord* self, const Held& all, const Hold& held, const Hold& taken) {
    const uint64_t key = held.address.load(kRelaxed) * 31 + taken.address.load(kRelaxed);
    uint32_t index = protocol::hash_of_lock(key) >> 8 & 63;
    OrderEdge* free = nullptr;
    for (uint32_t probe = 0; probe < kProbes; ++probe, ++index) {
        OrderEdge& edge = block.edges[index % protocol::kOrderEdgeCount];
        const OrderState state = edge.state.load(kRelaxed);
        if (state == OrderState::kNoted && is_same(edge, held, taken)) {
            see_again(edge, self, all, held, taken);
            take_turn(block, edge);
            return true;
        }
        if (free == nullptr && (state == OrderState::kVoid || state == OrderState::kFree)) free = &edge;
        if (state == OrderState::kFree) break;
    }
    if (free == nullptr) return false;
    mark_locks(block, held, taken);
    fill(*free, self, all, held, taken);
    const uint8_t log = turn_log_of(held.address.load(kRelaxed), taken.address.load(kRelaxed));
    block.turn_logs[free - block.edges].store(log, kRelaxed);
    take_turn(block, *free);
    return true;
}

/// Where all the entries that it may lie in are taken, in the thread's next block.
bool note_edge(ThreadRecord* self, const Held& all, const Hold& held, const Hold& taken) {
    OrderBlock* block = follow(self->order_block, kBlockShare);
    for (uint32_t i = 1; block != nullptr; ++i) {
        if (note_in(*block, self, all, held, taken)) return true;
        // What a thread has one block of already leaves room for the first ones of others.
        block = i == kMostBlocks ? nullptr : follow(block->further, 2 * kBlockShare);
    }
    return false;
}

void give_back(uint32_t index) {
    ThreadRecord* const block = record_of(note_block_at<OrderBlock>(index - 1));
    uint64_t head = process->free_blocks.load(kRelaxed);
    uint64_t next;
    do {
        block->next_free.store(static_cast<uint32_t>(head), kRelaxed);
        next = ((head >> 32) + 1) << 32 | index;
        // Release pairs with the acquire in pop_block: who goes on with it sees what is in it.
    } while (!process->free_blocks.compare_exchange_weak(head, next, std::memory_order_release, kRelaxed));
}

}  // namespace

void note_orders(ThreadRecord* self, const Hold* taken) {
    if (process == nullptr || process->created_total.load(kRelaxed) < 2) return;
    // Its owner may have it already (recursive), or another thread may have unlocked it at once.
    if (taken->state.load(kRelaxed) != HoldState::kHeld || !is_ordered(taken->kind)) return;
    const Held all = held_beside(self, taken);
    if (all.count == 0) return;
    for (uint32_t i = 0; i < all.count; ++i) {
        if (all.is_complete && note_edge(self, all, *all.holds[i], *taken)) continue;
        self->orders_lost.store(self->orders_lost.load(kRelaxed) + 1, kRelaxed);
    }
}

void forget_orders(uint64_t address) {
    if (process == nullptr) return;
    const uint64_t bit = bit_of(address);
    if ((word_of(address).load(kRelaxed) & bit) == 0) return;
    uint32_t index = process->last_block.load(std::memory_order_acquire);
    while (index != 0) {
        OrderBlock* const block = note_block_at<OrderBlock>(index - 1);
        index = block->next_block.load(kRelaxed);
        if ((block->locks.load(kRelaxed) & bit) == 0) continue;
        for (OrderEdge& edge : block->edges) {
            if (edge.held.load(kRelaxed) != address && edge.lock.load(kRelaxed) != address) continue;
            OrderState expected = OrderState::kNoted;
            edge.state.compare_exchange_strong(expected, OrderState::kVoid, kRelaxed);
        }
    }
}

void give_back_order_block(ThreadRecord* self) {
    if (process == nullptr) return;
    const uint32_t lost = self->orders_lost.load(kRelaxed);
    if (lost != 0) process->orders_lost.fetch_add(lost, kRelaxed);
    self->orders_lost.store(0, kRelaxed);
    uint32_t index = self->order_block.load(kRelaxed);
    self->order_block.store(0, kRelaxed);
    while (index != 0) {
        const uint32_t further = note_block_at<OrderBlock>(index - 1)->further.load(kRelaxed);
        note_block_at<OrderBlock>(index - 1)->further.store(0, kRelaxed);
        give_back(index);
        index = further;
    }
}

}  // namespace preload
