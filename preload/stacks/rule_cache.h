// SPDX-License-Identifier: Apache-2.0
//
// How to step from an instruction's frame to its caller's, remembered for every address met. One
// table for the whole process, lock-free, read and written inside wrappers and signal handlers.
//
// An entry is two words, data and a key mixed from address, data and epoch. A pair torn by two
// writers does not match any address, so it is merely a miss (Hyatt and Mann, "A lockless
// transposition table implementation for parallel search", 2002). Lookup and insertion O(1).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/ours.h"
#include "preload/stacks/cfi.h"

namespace preload {

/// A FrameRow of the usual shapes in one word; never 0.
class FrameRule {
public:
    enum class Kind : uint8_t {
        kFromStackPointer,  ///< CFA = rsp + offset
        kFromFramePointer,  ///< CFA = rbp + offset
        kAtFramePointer,    ///< CFA = the word at rbp + offset (realigned stack)
        kOutermost,
        kSignalFrame,
        kUnknown,  ///< no unwind table: the walk ends, marked
    };
    enum class FramePointer : uint8_t { kSame, kAtCfa, kAtFramePointer, kUndefined };

    /// The return address is the word below the CFA. False: the row has another shape.
    static bool pack(const FrameRow& row, FrameRule& rule);
    static FrameRule unknown() { return FrameRule(Kind::kUnknown, 0, FramePointer::kSame, 0); }

    FrameRule() = default;
    explicit FrameRule(uint64_t word) : word_(word) {}

    uint64_t word() const { return word_; }
    bool is_set() const { return word_ != 0; }
    Kind kind() const { return static_cast<Kind>(word_ >> 1 & 7); }
    FramePointer frame_pointer() const { return static_cast<FramePointer>(word_ >> 4 & 3); }
    intptr_t cfa_offset() const { return static_cast<int64_t>(word_) >> 32; }
    intptr_t fp_offset() const { return static_cast<int32_t>(word_) >> 8; }

private:
    FrameRule(Kind kind, int64_t cfa_offset, FramePointer frame_pointer, int64_t fp_offset);

    uint64_t word_ = 0;  ///< CFA offset 32, rbp offset 24, unused 2, rbp 2, kind 3, always 1
};

namespace detail {
OURS extern std::atomic<uint64_t> epoch_count;
}

/// Changes whenever code may have. What was learned in one epoch is not used in another.
inline uint64_t code_epoch() {
    // Acquire pairs with the release of forget_code: a new epoch is seen after the old code has gone.
    return detail::epoch_count.load(std::memory_order_acquire);
}
/// True from begin_unload to end_unload: nothing learned now may be kept.
bool is_unloading();
/// Ends every unload that is under way: they went on in the parent of this process.
void end_all_unloads();

namespace detail {

struct CacheEntry {
    std::atomic<uint64_t> key;
    std::atomic<uint64_t> data;
};
inline constexpr uint32_t kWays = 4;
struct alignas(64) CacheSet {
    CacheEntry ways[kWays];
};
inline constexpr uint32_t kSetBits = 11;
OURS extern CacheSet rule_cache[1U << kSetBits];

inline CacheSet& set_of(uintptr_t address) {
    return rule_cache[(address * 0x9e3779b97f4a7c15ULL) >> (64 - kSetBits)];
}

/// Bijective, and every bit of `word` reaches high and low ones: rules and addresses that differ
/// little must not cancel each other out.
inline uint64_t scatter(uint64_t word) {
    word *= 0xd6e8feb86659fd93ULL;
    return word ^ word >> 32;
}

}  // namespace detail

/// The rule for `address`, not set when it is not known.
inline FrameRule cached_rule(uintptr_t address, uint64_t epoch) {
    const uint64_t wanted = address ^ detail::scatter(~epoch);
    for (const detail::CacheEntry& entry : detail::set_of(address).ways) {
        const uint64_t data = entry.data.load(std::memory_order_relaxed);
        if ((entry.key.load(std::memory_order_relaxed) ^ detail::scatter(data)) == wanted && data != 0) {
            return FrameRule(data);
        }
    }
    return {};
}

/// `epoch`: as it was before the rule was looked up.
void cache_rule(uintptr_t address, uint64_t epoch, FrameRule rule);

}  // namespace preload
