// SPDX-License-Identifier: Apache-2.0
//
// The index over the recording's stacks: open addressing in private memory, ids in slots of four
// bytes, with as much of the hash as fits: others are mostly told by it, and not looked at. Lock-free, no heap, errno
// untouched.
#include "preload/stacks/stack_table.h"

#include <string.h>
#include <sys/mman.h>

#include <atomic>

#include "preload/process/recording.h"
#include "preload/process/reservation.h"
#include "preload/raw_syscall.h"
#include "preload/stacks/rule_cache.h"
#include "preload/stacks/stack_memo.h"

namespace preload {

namespace {

using protocol::StackHeader;

constexpr uint64_t kBytesPerSlot = 64;  ///< of the region; a stack of six frames
constexpr uint64_t kMaxSlots = 1U << 20;
constexpr uint64_t kMinSlots = 1U << 10;
constexpr uint64_t kMaxProbes = 128;
/// A stack's place is looked for among the first slots, then among more: few stacks touch few pages.
constexpr uint64_t kFirstSlots = 1U << 12;
constexpr uint64_t kGrowth = 8;
constexpr uint64_t kProbesBelow = 4;  ///< before there are more
constexpr uint64_t kIdUnit = 8;
/// An id in the lower bits of a slot, bits of the hash above.
constexpr uint32_t kIdMask = (1U << 23) - 1;
static_assert(protocol::kCapacities[0].stack_bytes / kIdUnit <= kIdMask + uint64_t{1});

struct Index {
    uint64_t slot_count;                          ///< a power of two
    alignas(4096) std::atomic<uint32_t> slots[];  ///< on pages of their own, to be dropped as a whole
};

/// Made at first use, never unmapped: another thread may be in it.
constinit std::atomic<Index*> shared_index{nullptr};

uint64_t bytes_of(uint64_t slot_count) {
    return sizeof(Index) + slot_count * sizeof(std::atomic<uint32_t>);
}

uint64_t wanted_slots() {
    const uint64_t wanted = usable_bytes(protocol::kStacks) / kBytesPerSlot;
    uint64_t slots = kMinSlots;
    while (slots < wanted && slots < kMaxSlots) slots *= 2;
    return slots;
}

/// Under a limit on memory, or on locked memory with mlockall, a smaller one has to do.
Index* map_index() {
    for (uint64_t slots = wanted_slots(); slots >= kMinSlots; slots /= 2) {
        const long address = raw_syscall(SYS_mmap, 0, static_cast<long>(bytes_of(slots)), PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (address < 0 && address > -4096) continue;
        auto* const index = reinterpret_cast<Index*>(address);
        index->slot_count = slots;
        return index;
    }
    return nullptr;
}

/// Null: no memory.
Index* find_index() {
    // Acquire pairs with the exchange: who sees the index sees its size.
    Index* index = shared_index.load(std::memory_order_acquire);
    if (index != nullptr) return index;
    Index* const made = map_index();
    if (made == nullptr || shared_index.compare_exchange_strong(index, made, std::memory_order_acq_rel)) return made;
    raw_syscall(SYS_munmap, as_argument(made), static_cast<long>(bytes_of(made->slot_count)));
    return index;
}

uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    return hash ^ hash >> 29;
}

uint64_t hash_of(const RawStack& stack, uint32_t generation) {
    uint64_t hash = mix(generation, stack.depth | uint64_t{stack.flags} << 16 | uint64_t{stack.exact} << 24);
    for (uint32_t i = 0; i < stack.depth; ++i) hash = mix(hash, stack.pcs[i]);
    return hash;
}

size_t pcs_bytes(const RawStack& stack) {
    return stack.depth * sizeof(uint64_t);
}

bool is_same(uint32_t id, const RawStack& stack, const StackHeader& wanted) {
    const auto* const header = static_cast<const StackHeader*>(region_address(protocol::kStacks, id * kIdUnit));
    return memcmp(header, &wanted, sizeof(wanted)) == 0 && memcmp(header + 1, stack.pcs, pcs_bytes(stack)) == 0;
}

/// Of a recording with more room than the one before, as a child of fork may have: more stacks have to be found.
void enlarge(Index* index) {
    if (index->slot_count >= wanted_slots()) return;
    Index* const made = map_index();
    if (made == nullptr) return;
    if (made->slot_count > index->slot_count) {
        // The smaller one stays where it is: who was interrupted may go on in it. Pairs with find_index.
        shared_index.store(made, std::memory_order_release);
    } else {
        raw_syscall(SYS_munmap, as_argument(made), static_cast<long>(bytes_of(made->slot_count)));
    }
}

/// Writes the stack into the recording. Returns its id, 0 where there is no room.
uint32_t store(const RawStack& stack, const StackHeader& header) {
    const uint64_t offset = take(protocol::kStacks, sizeof(header) + pcs_bytes(stack));
    if (offset == UINT64_MAX || offset / kIdUnit > kIdMask) return 0;
    auto* const to = static_cast<StackHeader*>(region_address(protocol::kStacks, offset));
    memcpy(to, &header, sizeof(header));
    memcpy(to + 1, stack.pcs, pcs_bytes(stack));
    return static_cast<uint32_t>(offset / kIdUnit);
}

/// Goes through the slots that a stack of this hash may be in, the same for all who look.
class Probe {
public:
    Probe(Index& index, uint64_t hash) : index_(index), start_(hash >> 32), step_(hash | 1) {}

    /// Null: there is no other.
    std::atomic<uint32_t>* next() {
        const bool is_last_range = range_ >= index_.slot_count;
        if (count_ == (is_last_range ? kMaxProbes : kProbesBelow)) {
            if (is_last_range) return nullptr;
            range_ *= kGrowth;
            count_ = 0;
            return next();
        }
        // Side by side, but at last in steps of its own: the slots that came first are taken one and all.
        const uint64_t range = is_last_range ? index_.slot_count : range_;
        const uint64_t step = is_last_range ? step_ : 1;
        return &index_.slots[(start_ + step * count_++) & (range - 1)];
    }

private:
    Index& index_;
    uint64_t start_;
    uint64_t step_;
    uint64_t range_ = kFirstSlots;
    uint64_t count_ = 0;
};

}  // namespace

InternedStack intern_stack(const RawStack& stack, uint32_t generation) {
    static_assert(sizeof(*stack.pcs) == sizeof(uint64_t));
    Index* const index = find_index();
    if (index == nullptr) return {};
    const uint64_t hash = hash_of(stack, generation);
    const StackHeader header{protocol::kStackMark, stack.depth, stack.flags,
                             stack.exact,          generation,  static_cast<uint32_t>(hash)};
    const uint32_t mark = header.hash & ~kIdMask;
    uint32_t stored = 0;
    Probe probe(*index, hash);
    while (std::atomic<uint32_t>* const slot = probe.next()) {
        // Acquire pairs with the release of the exchange: an id that is seen has its stack behind it.
        uint32_t word = slot->load(std::memory_order_acquire);
        if (word == 0) {
            if (stored == 0) stored = store(stack, header);
            if (stored == 0) return {};
            if (slot->compare_exchange_strong(word, stored | mark, std::memory_order_acq_rel)) return {stored, true};
        }
        const uint32_t id = word & kIdMask;
        if ((word & ~kIdMask) == mark && is_same(id, stack, header)) return {id, false};
    }
    return {};
}

void reset_stack_table() {
    forget_memos();
    end_all_unloads();  // the new recording has no modules yet, so every address has to be met again
    Index* const index = shared_index.load(std::memory_order_acquire);
    if (index == nullptr) return;
    // The kernel gives fresh zeros; where it cannot (locked memory), the slots are cleared by hand.
    const auto bytes = static_cast<long>(bytes_of(index->slot_count) - sizeof(Index));
    if (raw_syscall(SYS_madvise, as_argument(&index->slots[0]), bytes, MADV_DONTNEED) != 0) {
        for (uint64_t i = 0; i < index->slot_count; ++i) index->slots[i].store(0, std::memory_order_relaxed);
    }
    enlarge(index);
}

}  // namespace preload
