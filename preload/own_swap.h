// SPDX-License-Identifier: Apache-2.0
//
// Compare-and-swap of words that one thread and its signal handlers write.
#pragma once

#include <atomic>
#include <cstdint>

namespace preload {

/// Against this thread's own signal handlers only: no lock prefix, no bus traffic.
template <typename Word>
bool swap_if(std::atomic<Word>& word, Word expected, Word next) {
    static_assert(sizeof(Word) == sizeof(uint32_t) || sizeof(Word) == sizeof(uint64_t));
    bool swapped;
    // As wide as the register of `next`.
    __asm__ volatile("cmpxchg %[next], %[word]"
                     : [word] "+m"(word), "+a"(expected), "=@ccz"(swapped)
                     : [next] "r"(next)
                     : "memory");
    return swapped;
}

}  // namespace preload
