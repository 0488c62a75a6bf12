// SPDX-License-Identifier: Apache-2.0
//
// Looking up and learning stacks, and the memory they are kept in.
#include "preload/stacks/stack_memo.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>

#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/stacks/rule_cache.h"
#include "preload/stacks/stack_recall.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

namespace preload {

using protocol::ThreadRecord;

namespace {

constexpr uint32_t kPage = 4096;
constexpr uint32_t kFirstBytes = 32 * 1024;
constexpr uint32_t kMostBytes = 2 * 1024 * 1024;
constexpr uint32_t kGrowth = 4;
constexpr uint32_t kEdgeShare = 8;    ///< one part in so many is edges
constexpr uint32_t kGuessShare = 16;  ///< and guesses: twice as many entries as edges
constexpr uint32_t kMaxReplaced = 16;
/// A full memo is emptied after so many stacks that did not fit.
constexpr uint32_t kPatience = 1U << 14;
using detail::kNoMemo;

/// Of each slot, also while the slot has no thread.
constinit std::atomic<StackMemo*> memos[protocol::kCapacities[0].threads] = {};
constinit std::atomic<uint64_t> mapped_bytes{0};

static_assert(kMaxChecks < 1U << kPositionBits);
static_assert(kMostBytes / StackMemo::kUnit <= 1U << 18, "numbers of records fit a guess");
static_assert((kMostBytes / StackMemo::kUnit - 1) <= UINT32_MAX >> kPositionBits);

/// Where the edge is, or the empty one where it belongs.
MemoEdge* find_edge(StackMemo& memo, uint32_t node, uint64_t value) {
    MemoEdge* const edges = memo.edges();
    const uint32_t mask = (1U << memo.edge_bits) - 1;
    const uint64_t hash = (value ^ uint64_t{node} * 0xd6e8feb86659fd93ULL) * 0x9e3779b97f4a7c15ULL;
    for (uint32_t i = static_cast<uint32_t>(hash >> 40);; ++i) {
        MemoEdge& edge = edges[i & mask];
        if (edge.record == 0 || (edge.node == node && edge.value == value)) return &edge;
    }
}

/// Any odd numbers: what differs in one place must not cancel out with what differs in another.
struct Factors {
    uint64_t of[MemoChoices::kMost];
    constexpr Factors() : of{} {
        uint64_t state = 1;
        for (uint64_t& factor : of) {
            state = state * 0xd1342543de82ef95ULL + 0x632be59bd9b4e019ULL;
            factor = (state ^ state >> 31) | 1;
        }
    }
    constexpr uint64_t operator[](uint32_t i) const { return of[i]; }
};
constexpr Factors kFactors;

/// The check can be made on a stack that ends `room` bytes above the caller's stack pointer.
bool is_within(uint32_t place, uintptr_t room) {
    return (place & ~kCheckKindMask) + sizeof(uint64_t) <= room;
}

/// Of the words that the caller's stack has where stacks of its pc differ.
uint64_t hash_of(StackMemo& memo, const MemoRecord* first, const CallerFrame& caller, uintptr_t room) {
    uint64_t sum = caller.pc;
    if (first->parent != 0) {
        const MemoChoices& choices = *memo.choices_of(first);
        const bool are_all_within = choices.extent <= room;
        for (uint32_t i = 0; i < choices.count; ++i) {
            if (are_all_within || is_within(choices.places[i], room))
                sum += find_value(choices.places[i], caller) * kFactors[i];
        }
    }
    return sum * 0x9e3779b97f4a7c15ULL;
}

/// A guess has the number of a record in its lower bits, and bits of the hash above them.
constexpr uint32_t kNumberBits = 18;
constexpr uint32_t kNumberMask = (1U << kNumberBits) - 1;

MemoGuesses& guesses_for(StackMemo& memo, uint64_t hash) {
    return memo.guesses()[hash >> (64 - memo.edge_bits)];
}

uint32_t guess_word(uint64_t hash, uint32_t number) {
    return (static_cast<uint32_t>(hash) & ~kNumberMask) | number;
}

uint32_t guess(const MemoGuesses& guesses, uint64_t hash) {
    const bool is_second = ((guesses.words[1] ^ static_cast<uint32_t>(hash)) & ~kNumberMask) == 0;
    return guesses.words[is_second ? 1 : 0] & kNumberMask;
}

void note_guess(MemoGuesses& guesses, uint64_t hash, uint32_t number) {
    guesses = {{guess_word(hash, number), guesses.words[0]}};
}

bool fits_limit(uint64_t bytes) {
    rlimit limit{};
    return raw_syscall(SYS_prlimit64, 0, RLIMIT_AS, 0, as_argument(&limit)) != 0 || limit.rlim_cur == RLIM_INFINITY ||
           mapped_bytes.load(std::memory_order_relaxed) + bytes <= limit.rlim_cur / protocol::kAddressSpaceShare;
}

StackMemo* map_memo(uint32_t bytes) {
    if (is_restricted() || !fits_limit(bytes)) return nullptr;
    const long address =
        raw_syscall(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address < 0 && address > -4096) return nullptr;
    if (raw_syscall(SYS_madvise, address, bytes, MADV_WIPEONFORK) != 0) {
        raw_syscall(SYS_munmap, address, bytes);
        return nullptr;
    }
    mapped_bytes.fetch_add(bytes, std::memory_order_relaxed);
    auto* const memo = reinterpret_cast<StackMemo*>(address);
    memo->bytes = bytes;
    return memo;
}

/// Null for a record that lies in no slot: the main thread's, until it moves.
std::atomic<StackMemo*>* home_of(const ThreadRecord* self) {
    const auto first = reinterpret_cast<uintptr_t>(region_address(protocol::kThreads, 0));
    const uintptr_t index = (reinterpret_cast<uintptr_t>(self) - first) / sizeof(ThreadRecord);
    return index < sizeof(memos) / sizeof(memos[0]) ? &memos[index] : nullptr;
}

void set_memo(ThreadRecord* self, StackMemo* memo) {
    if (std::atomic<StackMemo*>* const home = home_of(self)) home->store(memo, std::memory_order_relaxed);
    self->memo.store(reinterpret_cast<uintptr_t>(memo), std::memory_order_relaxed);
}

}  // namespace

namespace detail {

void empty(StackMemo& memo, uint64_t epoch) {
    memset(memo.hints, 0, sizeof(memo.hints));
    // Fork wipes it all; a mapping that has grown is used as far as a new one goes.
    if (memo.bytes == 0) memo.bytes = kFirstBytes;
    const uint32_t edge_bytes = memo.bytes / kEdgeShare;
    // Untouched pages stay untouched.
    if (memo.edge_count != 0) memset(static_cast<void*>(memo.edges()), 0, edge_bytes + memo.bytes / kGuessShare);
    memo.edge_bits = static_cast<uint32_t>(__builtin_ctz(edge_bytes / sizeof(MemoEdge)));
    memo.edge_count = 0;
    memo.misses = 0;
    memo.used = (kPage + edge_bytes + memo.bytes / kGuessShare) / StackMemo::kUnit;
    memo.era = epoch + 1;
}

StackMemo* open_memo(ThreadRecord* self) {
    std::atomic<StackMemo*>* const home = home_of(self);
    if (home == nullptr || self->memo.load(std::memory_order_relaxed) == kNoMemo) return nullptr;
    StackMemo* memo = home->load(std::memory_order_relaxed);
    if (memo == nullptr) memo = map_memo(kFirstBytes);
    if (memo == nullptr) {
        self->memo.store(kNoMemo, std::memory_order_relaxed);
        return nullptr;
    }
    set_memo(self, memo);
    return memo;
}

/// From a frame further in: the caller is a signal handler that interrupted the memo's user. Otherwise it was left by a
/// jump, or may yet be returned to from another context: it keeps what it has, and the thread gets another.
bool replace_memo(ThreadRecord* self, uint64_t user, uint64_t here) {
    const uint64_t memo = self->memo.load(std::memory_order_relaxed);
    if (here < user || memo <= kNoMemo) return false;
    const uint32_t replaced = reinterpret_cast<StackMemo*>(memo)->replaced;
    StackMemo* const fresh = replaced < kMaxReplaced ? map_memo(kFirstBytes) : nullptr;
    if (fresh == nullptr) return false;
    fresh->replaced = replaced + 1;
    set_memo(self, fresh);
    return true;
}

}  // namespace detail

namespace {

/// From record to record by what is found instead; 0: it leads to none.
__attribute__((noinline)) uint32_t find_in_trie(StackMemo& memo, const CallerFrame& caller, uintptr_t room,
                                                uint32_t root) {
    uint32_t number = root;
    const MemoRecord* record = memo.at(number);
    for (uint32_t i = 0;; ++i) {
        while (i < record->count && is_within(record->place(i), room) &&
               find_value(record->place(i), caller) == record->value(i))
            ++i;
        if (i == record->count) return number;
        // Records of deeper stacks pass through here too.
        if (!is_within(record->place(i), room)) return 0;
        const uint64_t found = find_value(record->place(i), caller);
        const uint32_t last = number;
        while (i < record->branch) {
            number = record->parent;
            record = memo.at(number);
        }
        if (number != last && record->value(i) == found) continue;
        number = find_edge(memo, node_of(number, i), found)->record;
        record = memo.at(number);
        if (number == 0) return 0;
    }
}

}  // namespace

namespace {

__attribute__((always_inline)) inline uint32_t recall_here(StackMemo& memo, const CallerFrame& caller, uintptr_t room) {
    const uint32_t root = find_edge(memo, 0, caller.pc)->record;
    if (root == 0) return 0;
    auto* const first = const_cast<MemoRecord*>(memo.at(root));
    const uint64_t hash = hash_of(memo, first, caller, room);
    MemoGuesses& guesses = guesses_for(memo, hash);
    uint32_t number = guess(guesses, hash);
    const MemoRecord* const guessed = memo.at(number);
    if (__builtin_expect(guessed->pc != caller.pc || guessed->extent > room || !is_stack_of(guessed, caller), 0)) {
        number = find_in_trie(memo, caller, room, root);
        if (number == 0) return 0;
        note_guess(guesses, hash, number);
    }
    memo.hint_for(caller.pc, caller.sp) = first->recent == number ? number : 0;
    first->recent = number;
    return memo.at(number)->id;
}

}  // namespace

uint32_t recall(StackMemo& memo, const CallerFrame& caller, uintptr_t room) {
    return recall_here(memo, caller, room);
}

/// Where many stacks take turns this is the usual way, so it is one call deep.
uint32_t detail::recall_any(ThreadRecord* self, WrapperFrame frame) {
    return recall_by(self, frame.caller(), stack_limits(self), frame.address,
                     [](StackMemo& memo, const CallerFrame& caller, int64_t room) {
                         return room > 0 ? recall_here(memo, caller, static_cast<uintptr_t>(room)) : 0;
                     });
}

void make_room(ThreadRecord* self, StackMemo& memo) {
    if (memo.bytes < kMostBytes) {
        if (StackMemo* const larger = map_memo(memo.bytes * kGrowth)) {
            larger->replaced = memo.replaced;
            set_memo(self, larger);
            mapped_bytes.fetch_sub(memo.bytes, std::memory_order_relaxed);
            raw_syscall(SYS_munmap, as_argument(&memo), memo.bytes);
            return;
        }
    }
    if (++memo.misses >= kPatience) detail::empty(memo, memo.era - 1);
}

Lesson::Lesson(StackMemo& memo, const CallerFrame& caller, StackLimits own)
    : memo_(memo), caller_(caller), high_(own.high), room_(0) {
    const uint64_t free = memo.bytes - uint64_t{memo.used} * StackMemo::kUnit;
    if (free >= sizeof(MemoRecord)) {
        const uint64_t fit = (free - sizeof(MemoRecord)) / sizeof(MemoChecks) * kAtOnce;
        room_ = fit < kMaxChecks ? static_cast<uint32_t>(fit) : kMaxChecks;
    }
}

MemoChecks* Lesson::checks() const {
    return const_cast<MemoChecks*>(memo_.at(memo_.used)->checks());
}

void Lesson::add(uintptr_t address, uint32_t kind, uint64_t value) {
    const uintptr_t distance = address - caller_.sp;
    constexpr uintptr_t kMostDistance = 1U << 30;
    if (distance % 8 != 0 || distance >= kMostDistance || address + sizeof(uint64_t) > high_) ok_ = false;
    if (count_ < room_ && ok_) {
        MemoChecks& group = checks()[count_ / kAtOnce];
        group.places[count_ % kAtOnce] = static_cast<uint32_t>(distance) | kind;
        group.values[count_ % kAtOnce] = value;
        if (distance + sizeof(uint64_t) > extent_) extent_ = static_cast<uint32_t>(distance + sizeof(uint64_t));
    }
    ++count_;
}

void Lesson::use_frame_pointer(uintptr_t value) {
    if (fp_checked_) return;
    fp_checked_ = true;
    if (fp_address_ != 0) {
        read_distance(fp_address_, value);
    } else {
        add(caller_.sp, kCheckRegister, value - caller_.sp);
    }
}

/// Without room for it a guess is merely wrong more often.
void Lesson::note_choice(MemoRecord* first, uint32_t place) {
    if (first->parent == 0) {
        constexpr uint32_t kUnits = sizeof(MemoChoices) / StackMemo::kUnit;
        if (memo_.bytes / StackMemo::kUnit - memo_.used < kUnits) return;
        first->parent = memo_.used;
        memo_.used += kUnits;
        *memo_.choices_of(first) = {};
    }
    MemoChoices& choices = *memo_.choices_of(first);
    for (uint32_t i = 0; i < choices.count; ++i) {
        if (choices.places[i] == place) return;
    }
    if (choices.count == MemoChoices::kMost) return;
    const uint32_t end = (place & ~kCheckKindMask) + static_cast<uint32_t>(sizeof(uint64_t));
    if (end > choices.extent) choices.extent = end;
    choices.places[choices.count++] = place;
}

bool Lesson::keep(uint32_t id) {
    if (!ok_ || count_ == 0 || count_ > kMaxChecks || is_unloading() || code_epoch() + 1 != memo_.era) return true;
    if (count_ > room_ || memo_.edge_count * 2 >= 1U << memo_.edge_bits) return false;
    const uint32_t number = memo_.used;
    auto* const record = const_cast<MemoRecord*>(memo_.at(number));
    MemoChecks* const groups = checks();
    const uint32_t group_count = (count_ + kAtOnce - 1) / kAtOnce;
    for (uint32_t i = count_; i < group_count * kAtOnce; ++i) {
        groups[i / kAtOnce].places[i % kAtOnce] = record->place(count_ - 1);
        groups[i / kAtOnce].values[i % kAtOnce] = record->value(count_ - 1);
    }
    uint32_t words = 0;
    while (words < group_count * kAtOnce && (record->place(words) & kCheckKindMask) == 0) ++words;
    words /= kAtOnce;
    MemoRecord made{caller_.pc,
                    id,
                    extent_,
                    static_cast<uint16_t>(count_),
                    0,
                    0,
                    static_cast<uint16_t>(words),
                    static_cast<uint16_t>(group_count - words),
                    number};

    uint32_t node = 0;
    uint64_t value = caller_.pc;
    MemoEdge* edge = find_edge(memo_, node, value);
    for (uint32_t i = 0; edge->record != 0; ++i) {
        made.parent = edge->record;
        const MemoRecord* const other = memo_.at(made.parent);
        while (i < count_ && i < other->count && record->value(i) == other->value(i)) ++i;
        if (i >= count_ || i >= other->count) return true;  // known by now
        made.branch = static_cast<uint16_t>(i + 1);
        node = node_of(made.parent, i);
        value = record->value(i);
        edge = find_edge(memo_, node, value);
    }
    *record = made;
    memo_.used += static_cast<uint32_t>((sizeof(made) + group_count * sizeof(MemoChecks)) / StackMemo::kUnit);
    edge->value = value;
    edge->node = node;
    edge->record = number;
    ++memo_.edge_count;
    memo_.hint_for(caller_.pc, caller_.sp) = number;
    auto* const first = const_cast<MemoRecord*>(memo_.at(find_edge(memo_, 0, caller_.pc)->record));
    if (made.branch != 0) note_choice(first, record->place(made.branch - 1U));
    const uint64_t hash = hash_of(memo_, first, caller_, high_ - caller_.sp);
    note_guess(guesses_for(memo_, hash), hash, number);
    return true;
}

void forget_memos() {
    for (std::atomic<StackMemo*>& memo : memos) {
        if (memo.load(std::memory_order_relaxed) != nullptr) memo.store(nullptr, std::memory_order_relaxed);
    }
}

}  // namespace preload
