// SPDX-License-Identifier: Apache-2.0
//
// Stacks that this thread has been seen with, so that the next call from the same place compares
// instead of unwinding. Runs inside every wrapper: no lock, no heap; a system call only where the
// memory is made or grows. Written and read by its thread alone.
//
// A record is one stack as a list of checks, in the order in which the unwinder reads memory. All
// places are distances from the stack pointer of the wrapper's caller:
//   word       the return address that stands there
//   distance   a saved frame pointer, or a realigned frame's CFA, minus that stack pointer
//   register   the caller's own frame pointer, minus that stack pointer
//
// Why equal checks mean an equal stack. The unwinder's next step is a function of the frame's pc, its
// stack pointer and, where the rule of that pc says so, its frame pointer. The innermost pc and stack
// pointer are the record's key. If a frame is the same (pc; stack pointer and frame pointer by their
// distance), its rule is the same, so the next return address stands at the same distance; the word
// there is checked, so the next frame is the same. A frame pointer that no rule uses is not checked.
// What this rests on, each held by a test:
//   - a pc has one rule for as long as the code epoch lasts: another epoch empties the memo, and
//     during an unload nothing is kept;
//   - every step is by a rule of that form: stacks with a signal frame, with a row of another form,
//     incomplete and truncated ones are never kept;
//   - every place lies between the stack pointer and the end of the thread's own stack, which is
//     mapped: on other stacks (signal stacks, fibers) the memo is not used, and a record that
//     reaches beyond the end is not looked at.
//
// Many stacks at one place. Records with a common beginning form a trie: a record owns the checks
// from `branch` on and shares those before with its parent. Where check i of a record differs, the
// owner of that check and the word found lead, through a hash table, to the record that goes on from
// i + 1. So a lookup is O(depth) whatever the number of stacks. Two tables save most look-ups: hints, which
// record was right twice in a row at this pc and stack pointer (where many stacks take turns there is none,
// and nothing is tried in vain), and guesses, which one was right with these words in the places where
// stacks of the pc were seen to differ. Both may be wrong: what counts is that all checks pass.
//
// Memory is kept with the slot of the thread's record and goes to the slot's next thread, whose
// stacks the records describe as well. Fork wipes it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/stacks/stack_capture.h"
#include "protocol/layout.h"

namespace preload {

/// Low bits of a place; the others are its distance, a multiple of 8.
inline constexpr uint32_t kCheckDistance = 1;
inline constexpr uint32_t kCheckRegister = 2;
inline constexpr uint32_t kCheckKindMask = 7;

inline constexpr uint32_t kMaxChecks = 3 * protocol::kMaxFrames;

/// Checks that are made together: fewer branches, and one look too many does no harm. Whatever they need
/// stands at one place, so that nothing but the stack itself is found by way of another load.
inline constexpr uint32_t kAtOnce = 4;

struct MemoChecks {
    uint32_t places[kAtOnce];
    uint64_t values[kAtOnce];
};
static_assert(sizeof(MemoChecks) == 48);

struct MemoRecord {
    uint64_t pc;
    uint32_t id;      ///< of the stack, in the recording
    uint32_t extent;  ///< bytes of stack that the checks look at
    uint16_t count;   ///< of checks; the last one is repeated until kAtOnce are full
    uint16_t branch;  ///< checks before this one are the parent's too
    uint32_t parent;  ///< 0: none; of the first record of a pc: its MemoChoices, once there is another
    uint16_t words;   ///< so many groups of kAtOnce begin the list in which all checks are words
    uint16_t others;  ///< groups after those
    uint32_t recent;  ///< of the first record of a pc: the one that was recalled last, other than by a hint

    const MemoChecks* checks() const { return reinterpret_cast<const MemoChecks*>(this + 1); }
    uint32_t place(uint32_t i) const { return checks()[i / kAtOnce].places[i % kAtOnce]; }
    uint64_t value(uint32_t i) const { return checks()[i / kAtOnce].values[i % kAtOnce]; }
};
static_assert(sizeof(MemoRecord) == 32);

struct MemoEdge {
    uint64_t value;   ///< what check `node` found
    uint32_t node;    ///< owner of the check and its number; 0: the value is a record's pc
    uint32_t record;  ///< 0: empty
};

/// Where the stacks of a pc were seen to differ: enough to guess which one it is.
struct MemoChoices {
    static constexpr uint32_t kMost = 14;

    uint32_t extent;  ///< bytes of stack that the places are in
    uint32_t count;
    uint32_t places[kMost];
};
static_assert(sizeof(MemoChoices) == 64);

/// Two records that may be right where a hash is `mark` in its lower bits: record and mark in one word each.
struct MemoGuesses {
    uint32_t words[2];
};

struct StackMemo {
    static constexpr uint32_t kHintBits = 9;
    static constexpr uint32_t kUnit = 8;  ///< records are numbered by their distance in units

    /// First, where a record has its pc: the record of number 0 is nobody's.
    uint64_t era;     ///< code epoch plus 1; 0: new, or wiped
    uint32_t bytes;   ///< of the mapping
    uint32_t used;    ///< units
    uint32_t misses;  ///< since there was no room
    uint32_t edge_count;
    uint32_t edge_bits;
    uint32_t replaced;                ///< times that this thread's memo was left behind in use
    uint32_t hints[1U << kHintBits];  ///< records

    const MemoRecord* at(uint32_t number) const {
        return reinterpret_cast<const MemoRecord*>(reinterpret_cast<const char*>(this) + size_t{number} * kUnit);
    }
    MemoEdge* edges() { return reinterpret_cast<MemoEdge*>(reinterpret_cast<char*>(this) + 4096); }
    MemoChoices* choices_of(const MemoRecord* first) {
        return const_cast<MemoChoices*>(reinterpret_cast<const MemoChoices*>(at(first->parent)));
    }
    /// Records by the words in the places of a pc's MemoChoices.
    MemoGuesses* guesses() { return reinterpret_cast<MemoGuesses*>(edges() + (size_t{1} << edge_bits)); }
    uint32_t& hint_for(uintptr_t pc, uintptr_t sp) {
        return hints[((pc ^ sp << 20) * 0x9e3779b97f4a7c15ULL) >> (64 - kHintBits)];
    }
};
static_assert(sizeof(StackMemo) <= 4096);

/// What the unwinder reads, put down as checks while it walks. `refuse` for what is never kept.
class Lesson {
public:
    static constexpr bool kKnownRulesOnly = false;  ///< whatever frame has none is the last
    static constexpr uint32_t kMostFrames = protocol::kMaxFrames;

    Lesson(StackMemo& memo, const CallerFrame& caller, StackLimits own);

    void refuse() { ok_ = false; }
    void meet_own(uintptr_t, uintptr_t) {}
    bool goes_on() { return false; }
    void read_return_address(uintptr_t address, uintptr_t value) { add(address, 0, value); }
    void read_distance(uintptr_t address, uintptr_t value) { add(address, kCheckDistance, value - caller_.sp); }
    void use_frame_pointer(uintptr_t value);
    /// From here on the frame pointer is the word at `address`.
    void load_frame_pointer(uintptr_t address) {
        fp_address_ = address;
        fp_checked_ = false;
    }

    /// The walk went to the outermost frame; its stack is `id`. False: no room for it.
    bool keep(uint32_t id);

private:
    void add(uintptr_t address, uint32_t kind, uint64_t value);
    MemoChecks* checks() const;
    void note_choice(MemoRecord* first, uint32_t place);

    StackMemo& memo_;
    const CallerFrame& caller_;
    const uintptr_t high_;
    uintptr_t fp_address_ = 0;  ///< 0: still in the register
    uint32_t room_;             ///< checks that fit
    uint32_t count_ = 0;
    uint32_t extent_ = 0;
    bool fp_checked_ = false;
    bool ok_ = true;
};

/// For walks that nobody learns from.
struct NoLesson {
    static constexpr bool kKnownRulesOnly = false;
    static constexpr uint32_t kMostFrames = protocol::kMaxFrames;

    void refuse() {}
    void meet_own(uintptr_t, uintptr_t) {}
    bool goes_on() { return false; }
    void read_return_address(uintptr_t, uintptr_t) {}
    void read_distance(uintptr_t, uintptr_t) {}
    void use_frame_pointer(uintptr_t) {}
    void load_frame_pointer(uintptr_t) {}
};

namespace detail {

/// Somebody is in the memo, at frame `user`. True: the thread has another one now.
bool replace_memo(protocol::ThreadRecord* self, uint64_t user, uint64_t here);
/// The slot's memo, or a new one; null: there is no memory for it.
StackMemo* open_memo(protocol::ThreadRecord* self);
void empty(StackMemo& memo, uint64_t epoch);
inline constexpr uint64_t kNoMemo = 1;  ///< there was no memory for it

}  // namespace detail

inline void leave_memo(protocol::ThreadRecord* self) {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    self->memo_user.store(0, std::memory_order_relaxed);
}

/// The memo of the calling thread, to be left again; null: walk. `here` is the frame that will use
/// it: a signal handler on the same stack that interrupts it gets null.
__attribute__((always_inline)) inline StackMemo* enter_memo(protocol::ThreadRecord* self, uint64_t here,
                                                            uint64_t epoch) {
    const uint64_t user = self->memo_user.load(std::memory_order_relaxed);
    if (__builtin_expect(user != 0, 0) && !detail::replace_memo(self, user, here)) return nullptr;
    self->memo_user.store(here, std::memory_order_relaxed);
    // A handler that comes from here on keeps out, so the memo stays where it is.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    auto* memo = reinterpret_cast<StackMemo*>(self->memo.load(std::memory_order_relaxed));
    if (__builtin_expect(reinterpret_cast<uintptr_t>(memo) <= detail::kNoMemo, 0)) {
        memo = detail::open_memo(self);
        if (memo == nullptr) {
            leave_memo(self);
            return nullptr;
        }
    }
    if (__builtin_expect(memo->era != epoch + 1, 0)) detail::empty(*memo, epoch);
    return memo;
}

/// A stack was not kept for want of room: makes some, now or when it seems worth the loss.
void make_room(protocol::ThreadRecord* self, StackMemo& memo);

inline constexpr uint32_t kPositionBits = 10;

/// Names the check of a record in an edge.
inline uint32_t node_of(uint32_t record, uint32_t position) {
    return record << kPositionBits | position;
}

__attribute__((always_inline)) inline uint64_t find_word(uint32_t distance, uintptr_t sp) {
    typedef uint64_t __attribute__((may_alias)) StackWord;
    return *reinterpret_cast<const StackWord*>(sp + distance);
}

__attribute__((always_inline)) inline uint64_t find_value(uint32_t place, const CallerFrame& caller) {
    const uint64_t word = find_word(place & ~kCheckKindMask, caller.sp);
    if (__builtin_expect((place & kCheckKindMask) == 0, 1)) return word;
    return ((place & kCheckRegister) != 0 ? caller.fp : word) - caller.sp;
}

/// All four of words pass.
__attribute__((always_inline)) inline bool pass(const MemoChecks& checks, uintptr_t sp) {
    uint64_t differences = 0;
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kAtOnce; ++i) differences |= find_word(checks.places[i], sp) ^ checks.values[i];
    return __builtin_expect(differences == 0, 1);
}

/// All four of any kind pass.
__attribute__((always_inline)) inline bool pass_mixed(const MemoChecks& checks, const CallerFrame& caller) {
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kAtOnce; ++i) {
        if (__builtin_expect(find_value(checks.places[i], caller) != checks.values[i], 0)) return false;
    }
    return true;
}

/// The caller's stack, which reaches to the record's extent, is the record's.
__attribute__((always_inline)) inline bool is_stack_of(const MemoRecord* record, const CallerFrame& caller) {
    const MemoChecks* checks = record->checks();
    const MemoChecks* const other = checks + record->words;
    for (; checks != other; ++checks) {
        if (!pass(*checks, caller.sp)) return false;
    }
    for (uint32_t left = record->others; __builtin_expect(left != 0, 0); --left, ++checks) {
        if (!pass_mixed(*checks, caller)) return false;
    }
    return true;
}

/// The id of the caller's stack, which ends `room` bytes above its stack pointer, where it is the one that was
/// last seen at this place; 0: it is not.
__attribute__((always_inline)) inline uint32_t recall_last(StackMemo& memo, const CallerFrame& caller, int64_t room) {
    const MemoRecord* const record = memo.at(memo.hint_for(caller.pc, caller.sp));
    if (__builtin_expect(record->pc != caller.pc || record->extent > room, 0)) return 0;
    return __builtin_expect(is_stack_of(record, caller), 1) ? record->id : 0;
}

/// The id of the caller's stack, which is the thread's own and ends `room` bytes above its stack pointer; 0: not
/// known.
uint32_t recall(StackMemo& memo, const CallerFrame& caller, uintptr_t room);

/// The recording is new: its slots have no memos yet.
void forget_memos();

}  // namespace preload
