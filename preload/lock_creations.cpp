// SPDX-License-Identifier: Apache-2.0
#include "preload/lock_creations.h"

#include "preload/recording.h"
#include "preload/this_thread.h"
#include "preload/thread_slots.h"

namespace preload {

using protocol::CreationBlock;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kFewestSlots = 1024;     ///< of a recording that has room for all buckets
constexpr uint32_t kEarlyClass = 1U << 31;  ///< no stack id is so high

CreationBlock* block_at(uint32_t index) {
    return static_cast<CreationBlock*>(region_address(protocol::kThreads, uint64_t{index} * sizeof(CreationBlock)));
}

CreationBlock* known_block(uint64_t address) {
    // Acquire pairs with the release in make_block: the slot was committed before.
    const uint32_t index = process->creation_blocks[protocol::creation_bucket(address)].load(std::memory_order_acquire);
    return index == 0 ? nullptr : block_at(index - 1);
}

/// Of two threads that make one at once the later one's stays empty.
CreationBlock* make_block(uint64_t address) {
    if (process->regions[protocol::kThreads].bytes / sizeof(CreationBlock) < kFewestSlots) return nullptr;
    const uint32_t index = take_slot_for(protocol::SlotUse::kCreations);
    if (index == UINT32_MAX) return nullptr;
    uint32_t expected = 0;
    process->creation_blocks[protocol::creation_bucket(address)].compare_exchange_strong(
        expected, index + 1, std::memory_order_release, kRelaxed);
    return known_block(address);
}

bool is_of(uint64_t entry, uint64_t address) {
    return entry >> 32 == protocol::hash_of_lock(address);
}

/// Those that were made before there is a recording, which knows no stack of them: the caller alone.
constexpr uint32_t kEarlyCount = 1024;
constexpr uint32_t kEarlyProbes = 8;
std::atomic<uint64_t> early[kEarlyCount];

std::atomic<uint64_t>& early_at(uint64_t address, uint32_t probe) {
    return early[((protocol::hash_of_lock(address) >> 8) + probe) % kEarlyCount];
}

std::atomic<uint64_t>* early_entry(uint64_t address) {
    for (uint32_t probe = 0; probe < kEarlyProbes; ++probe) {
        std::atomic<uint64_t>& entry = early_at(address, probe);
        if (is_of(entry.load(kRelaxed), address)) return &entry;
    }
    return nullptr;
}

/// What finds no room has no class.
void note_early(uint64_t address, uint64_t caller) {
    std::atomic<uint64_t>* chosen = early_entry(address);
    for (uint32_t probe = 0; chosen == nullptr && probe < kEarlyProbes; ++probe) {
        std::atomic<uint64_t>& entry = early_at(address, probe);
        if (entry.load(kRelaxed) == 0) chosen = &entry;
    }
    const uint64_t entry = protocol::creation_of(address, protocol::hash_of_lock(caller) | kEarlyClass);
    if (chosen != nullptr) chosen->store(entry, kRelaxed);
}

uint32_t class_in(const CreationBlock& block, uint64_t address) {
    const uint32_t first = protocol::creation_index(address);
    for (uint32_t probe = 0; probe < protocol::kCreationProbes; ++probe) {
        const uint64_t entry = block.entries[(first + probe) % protocol::kCreationCount].load(kRelaxed);
        if (is_of(entry, address)) return static_cast<uint32_t>(entry);
    }
    return 0;
}

/// The entry of `address`; else a free one, else the first that it may lie in.
std::atomic<uint64_t>& entry_for(CreationBlock& block, uint64_t address) {
    std::atomic<uint64_t>* chosen = nullptr;
    const uint32_t first = protocol::creation_index(address);
    for (uint32_t probe = 0; probe < protocol::kCreationProbes; ++probe) {
        std::atomic<uint64_t>& entry = block.entries[(first + probe) % protocol::kCreationCount];
        const uint64_t value = entry.load(kRelaxed);
        if (is_of(value, address)) return entry;
        if (value == 0 && chosen == nullptr) chosen = &entry;
    }
    return chosen == nullptr ? block.entries[first] : *chosen;
}

}  // namespace

void note_creation(uint64_t address, WrapperFrame frame) {
    if (process == nullptr) return note_early(address, frame.caller().pc);
    protocol::ThreadRecord* const self = this_thread();
    if (self == nullptr || !open_notes()) return;
    const uint32_t stack = capture_stack(frame.caller(), stack_limits(self));
    if (stack == 0) return;
    CreationBlock* block = known_block(address);
    if (block == nullptr) block = make_block(address);
    if (block != nullptr) entry_for(*block, address).store(protocol::creation_of(address, stack), kRelaxed);
}

uint32_t creation_class(uint64_t address) {
    const CreationBlock* const block = process != nullptr && has_notes() ? known_block(address) : nullptr;
    const uint32_t known = block != nullptr ? class_in(*block, address) : 0;
    if (known != 0) return known;
    const std::atomic<uint64_t>* const entry = early_entry(address);
    return entry != nullptr ? static_cast<uint32_t>(entry->load(kRelaxed)) : 0;
}

void forget_creation(uint64_t address) {
    if (std::atomic<uint64_t>* const entry = early_entry(address)) entry->store(0, kRelaxed);
    if (process == nullptr || !has_notes()) return;
    CreationBlock* const block = known_block(address);
    if (block == nullptr) return;
    const uint32_t first = protocol::creation_index(address);
    for (uint32_t probe = 0; probe < protocol::kCreationProbes; ++probe) {
        std::atomic<uint64_t>& entry = block->entries[(first + probe) % protocol::kCreationCount];
        uint64_t value = entry.load(kRelaxed);
        if (is_of(value, address)) entry.compare_exchange_strong(value, 0, kRelaxed);
    }
}

}  // namespace preload
