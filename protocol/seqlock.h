// SPDX-License-Identifier: Apache-2.0
//
// Sequence words of thread records: even at rest, odd while the record is being written.
// The memory orders of the recording live here and nowhere else.
//
// Writers are one thread and the signal handlers that interrupt it, so writers may nest; only the
// outermost one closes. A writer that never comes back (SIGKILL, longjmp out of a handler) leaves
// the word odd: readers retry a bounded number of times, then read entry by entry and call the
// record torn.
#pragma once

#include <atomic>
#include <cstdint>

namespace protocol {

/// Opens a write. Returns what stood there: even, and this writer is the outermost one and must close.
inline uint32_t begin_write(std::atomic<uint32_t>& sequence) {
    const uint32_t before = sequence.load(std::memory_order_relaxed);
    sequence.store(before | 1U, std::memory_order_relaxed);
    // Pairs with the reader's second look at the sequence: no later store is seen without it.
    std::atomic_thread_fence(std::memory_order_release);
    return before;
}

/// Closes a write, if it was opened by the outermost writer. Those inside left the word as they found it.
inline void end_write(std::atomic<uint32_t>& sequence, uint32_t before) {
    if ((before & 1U) == 0) {
        // Pairs with the reader's first look at the sequence: an even value shows all stores.
        sequence.store(before + 2U, std::memory_order_release);
    }
}

/// True when a copy made between the two looks is consistent.
inline bool is_consistent(uint32_t first_look, uint32_t second_look) {
    return first_look == second_look && (first_look & 1U) == 0;
}

}  // namespace protocol
