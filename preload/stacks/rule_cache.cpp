// SPDX-License-Identifier: Apache-2.0
//
// Packing of rows, insertion into the cache, and the epochs of the code that it speaks of.
#include "preload/stacks/rule_cache.h"

#include "preload/stacks/dwarf_expression.h"
#include "preload/stacks/stack_capture.h"

namespace preload {

namespace detail {

// Untouched pages of it cost nothing, so it needs no mapping that could fail.
constinit CacheSet rule_cache[1U << kSetBits] = {};
constinit std::atomic<uint64_t> epoch_count{0};

}  // namespace detail

namespace {

constinit std::atomic<uint32_t> unloads{0};
constinit std::atomic<uint32_t> next_victim{0};

constexpr int64_t kReturnAddressOffset = -8;
constexpr int64_t kMaxFramePointerOffset = 1 << 23;

bool pack_cfa(const CfaRule& cfa, FrameRule::Kind& kind, int64_t& offset) {
    offset = cfa.value;
    if (cfa.is_expression) {
        kind = FrameRule::Kind::kAtFramePointer;
        return is_frame_pointer_offset(cfa.expression(), true, offset);
    }
    kind = cfa.base == kRbp ? FrameRule::Kind::kFromFramePointer : FrameRule::Kind::kFromStackPointer;
    return cfa.base == kRbp || cfa.base == kRsp;
}

bool pack_frame_pointer(const RegisterRule& fp, FrameRule::FramePointer& saved, int64_t& offset) {
    offset = fp.value;
    switch (fp.saved) {
        case Saved::kSame:
            saved = FrameRule::FramePointer::kSame;
            offset = 0;
            return true;
        case Saved::kUndefined:
            saved = FrameRule::FramePointer::kUndefined;
            offset = 0;
            return true;
        case Saved::kAtCfa: saved = FrameRule::FramePointer::kAtCfa; return true;
        case Saved::kAtExpression:
            saved = FrameRule::FramePointer::kAtFramePointer;
            return is_frame_pointer_offset(fp.expression(), false, offset);
        case Saved::kIsCfa:
        case Saved::kIsExpression:
        case Saved::kElsewhere: return false;
    }
    return false;
}

}  // namespace

FrameRule::FrameRule(Kind kind, int64_t cfa_offset, FramePointer frame_pointer, int64_t fp_offset)
    : word_(static_cast<uint64_t>(cfa_offset) << 32 | (static_cast<uint64_t>(fp_offset) & 0xffffff) << 8 |
            static_cast<uint64_t>(frame_pointer) << 4 | static_cast<uint64_t>(kind) << 1 | 1) {}

bool FrameRule::pack(const FrameRow& row, FrameRule& rule) {
    if (row.is_signal_frame || row.return_address.saved == Saved::kUndefined) {
        const Kind kind = row.is_signal_frame ? Kind::kSignalFrame : Kind::kOutermost;
        rule = FrameRule(kind, 0, FramePointer::kSame, 0);
        return true;
    }
    Kind kind{};
    FramePointer frame_pointer{};
    int64_t cfa_offset = 0;
    int64_t fp_offset = 0;
    if (row.sp.saved != Saved::kSame || row.return_address.saved != Saved::kAtCfa ||
        row.return_address.value != kReturnAddressOffset || !pack_cfa(row.cfa, kind, cfa_offset) ||
        !pack_frame_pointer(row.fp, frame_pointer, fp_offset)) {
        return false;
    }
    if (cfa_offset != static_cast<int32_t>(cfa_offset) || fp_offset < -kMaxFramePointerOffset ||
        fp_offset >= kMaxFramePointerOffset) {
        return false;
    }
    rule = FrameRule(kind, cfa_offset, frame_pointer, fp_offset);
    return true;
}

bool is_unloading() {
    return unloads.load(std::memory_order_acquire) != 0;
}

void end_all_unloads() {
    unloads.store(0, std::memory_order_relaxed);
    forget_code();
}

void forget_code() {
    detail::epoch_count.fetch_add(1, std::memory_order_release);
}

void begin_unload() {
    unloads.fetch_add(1, std::memory_order_relaxed);
    forget_code();
}

void end_unload() {
    // Last, so that whoever sees the unload over sees the new epoch too.
    forget_code();
    unloads.fetch_sub(1, std::memory_order_release);
}

void cache_rule(uintptr_t address, uint64_t epoch, FrameRule rule) {
    if (is_unloading()) return;
    detail::CacheSet& set = detail::set_of(address);
    detail::CacheEntry* entry = &set.ways[next_victim.fetch_add(1, std::memory_order_relaxed) % detail::kWays];
    for (detail::CacheEntry& way : set.ways) {
        if (way.data.load(std::memory_order_relaxed) == 0) {
            entry = &way;
            break;
        }
    }
    entry->key.store(address ^ detail::scatter(~epoch) ^ detail::scatter(rule.word()), std::memory_order_relaxed);
    entry->data.store(rule.word(), std::memory_order_relaxed);
}

}  // namespace preload
