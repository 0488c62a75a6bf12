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

/// Opens a write. True: this writer is the outermost one and must close.
///
/// One instruction, which no handler can come in the middle of: between a load and a store of the word it
/// would have a write of its own, and the store would take the word back to what it was during that. No lock
/// prefix: nobody else writes it. Stores stay in order on x86, so that the compiler alone must be told: pairs
/// with the reader's second look at the sequence, no later store is seen without it.
inline bool begin_write(std::atomic<uint32_t>& sequence) {
    bool was_open;
    __asm__ volatile("btsl $0, %[sequence]" : [sequence] "+m"(sequence), "=@ccc"(was_open) : : "memory");
    return !was_open;
}

/// Closes a write, if it was opened by the outermost writer. Those inside left the word as they found it.
/// Pairs with the reader's first look at the sequence: an even value shows all stores.
inline void end_write(std::atomic<uint32_t>& sequence, bool is_outermost) {
    if (is_outermost) __asm__ volatile("addl $1, %[sequence]" : [sequence] "+m"(sequence) : : "memory", "cc");
}

/// True when a copy made between the two looks is consistent.
inline bool is_consistent(uint32_t first_look, uint32_t second_look) {
    return first_look == second_look && (first_look & 1U) == 0;
}

}  // namespace protocol
