// SPDX-License-Identifier: Apache-2.0
//
// Which locks were taken while which others were held, and where they were initialized: blocks that take the slots of
// threads. See layout.h, whose part this is.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "protocol/locks.h"

namespace protocol {

inline constexpr size_t kSlotBytes = 4096;  ///< of the region of threads

/// Life of an OrderEdge.
enum class OrderState : uint32_t {
    kFree,
    kFilling,  ///< a signal handler that interrupts this leaves it alone
    kNoted,    ///< filled (release, pairs with the reader's copy)
    kVoid,     ///< one of its locks was made anew or destroyed since (by that thread)
};

inline constexpr uint32_t kOrderGates = 4;
inline constexpr uint32_t kOrderEdgeCount = 60;

/// A lock was taken while another was held. Written by the thread that has the block, but for `state`.
struct OrderEdge {
    std::atomic<OrderState> state;
    LockKind held_kind;
    LockKind kind;
    Mode held_mode;
    Mode mode;
    std::atomic<uint64_t> held;  ///< address of the lock that was held
    std::atomic<uint64_t> lock;  ///< of the one that was taken
    std::atomic<uint64_t> time_ns;
    std::atomic<uint32_t> held_stack;  ///< where each was acquired
    std::atomic<uint32_t> stack;
    std::atomic<uint32_t> thread;
    std::atomic<uint32_t> other_thread;  ///< one more that did the same; 0: none
    /// Other locks that were held each time: gate_of_lock() of them, 0: none.
    std::atomic<uint32_t> gates[kOrderGates];
};
static_assert(sizeof(OrderEdge) == 64, "layout change: bump kVersion");

/// The orders that a thread has seen, hashed by both locks; in a slot of the region of threads. It stays
/// when its thread ends, for the next one that needs a block to go on with.
struct alignas(64) OrderBlock {
    char record[128];                  ///< as in a ThreadRecord: number 0, `use`, `next_free`
    std::atomic<uint64_t> locks;       ///< bits of locks that are in some edge of this block
    std::atomic<uint32_t> next_block;  ///< slot index + 1 of the one that was taken before; 0: none
    std::atomic<uint32_t> further;  ///< slot index + 1 of its thread's next one, for what found no room here; 0: none
    /// Of each edge: number of its log in TurnBlock::logs, counted from 1; 0: none, or it is full.
    std::atomic<uint8_t> turn_logs[kOrderEdgeCount];
    char reserved[256 - 128 - 16 - kOrderEdgeCount];
    OrderEdge edges[kOrderEdgeCount];
};
static_assert(sizeof(OrderBlock) == kSlotBytes, "an OrderBlock takes the slot of a thread");

/// Where locks were initialized, those of one bucket, hashed by their address; in a slot of the region of threads.
/// Any thread. Each word is creation_of(), or 0.
inline constexpr uint32_t kCreationCount = 496;
inline constexpr uint32_t kCreationBuckets = 8;
inline constexpr uint32_t kCreationProbes = 4;
struct alignas(64) CreationBlock {
    char record[128];  ///< as in a ThreadRecord: number 0, `use`
    std::atomic<uint64_t> entries[kCreationCount];
};
static_assert(sizeof(CreationBlock) == kSlotBytes, "a CreationBlock takes the slot of a thread");

/// The first orders between locks that were initialized at one place, one after the other: each is noted while both
/// locks are held, and once where it comes several times in a row. Any thread.
inline constexpr uint32_t kTurnCount = 61;
struct TurnLog {
    std::atomic<uint32_t> made_at;  ///< tells the place of the initialization; 0: log free
    std::atomic<uint32_t> count;    ///< turns given out; may pass kTurnCount
    /// hash_of_lock() of the held one in the upper half, of the taken one in the lower; 0: not written yet.
    std::atomic<uint64_t> turns[kTurnCount];
};
static_assert(sizeof(TurnLog) == 496, "layout change: bump kVersion");

/// In a slot of the region of threads: the logs of the first classes of locks that are taken together.
inline constexpr uint32_t kTurnLogs = 8;
struct alignas(64) TurnBlock {
    char record[128];  ///< as in a ThreadRecord: number 0, `use`
    TurnLog logs[kTurnLogs];
};
static_assert(sizeof(TurnBlock) == kSlotBytes, "a TurnBlock takes the slot of a thread");

/// hash_of_lock() of a lock in the upper half, the stack id of its initialization in the lower one.
inline constexpr uint64_t creation_of(uint64_t address, uint32_t stack) {
    return uint64_t{hash_of_lock(address)} << 32 | stack;
}
/// Where its entry is looked for first.
inline constexpr uint32_t creation_bucket(uint64_t address) {
    return hash_of_lock(address) >> 4 & (kCreationBuckets - 1);
}
inline constexpr uint32_t creation_index(uint64_t address) {
    return (hash_of_lock(address) >> 8) % kCreationCount;
}

}  // namespace protocol
