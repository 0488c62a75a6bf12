// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/lock_creations.h"

#include "preload/notes/note_blocks.h"
#include "preload/process/recording.h"
#include "preload/threads/this_thread.h"

namespace preload {

using protocol::CreationBlock;

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr uint32_t kEarlyClass = 1U << 31;  ///< no stack id is so high

/// Where the entry of a lock may lie.
struct Places {
    std::atomic<uint64_t>* entries;
    uint32_t count;
    uint32_t first;
    uint32_t probes;

    std::atomic<uint64_t>& at(uint32_t probe) const { return entries[(first + probe) % count]; }
};

bool is_of(uint64_t entry, uint64_t address) {
    return entry >> 32 == protocol::hash_of_lock(address);
}

/// The entry of the lock at `address`, else a free one; null: neither.
std::atomic<uint64_t>* entry_for(const Places& places, uint64_t address) {
    std::atomic<uint64_t>* chosen = nullptr;
    for (uint32_t probe = 0; probe < places.probes; ++probe) {
        std::atomic<uint64_t>& entry = places.at(probe);
        const uint64_t value = entry.load(kRelaxed);
        if (is_of(value, address)) return &entry;
        if (value == 0 && chosen == nullptr) chosen = &entry;
    }
    return chosen;
}

/// 0: not noted.
uint32_t class_in(const Places& places, uint64_t address) {
    for (uint32_t probe = 0; probe < places.probes; ++probe) {
        const uint64_t entry = places.at(probe).load(kRelaxed);
        if (is_of(entry, address)) return static_cast<uint32_t>(entry);
    }
    return 0;
}

void forget_in(const Places& places, uint64_t address) {
    for (uint32_t probe = 0; probe < places.probes; ++probe) {
        std::atomic<uint64_t>& entry = places.at(probe);
        uint64_t value = entry.load(kRelaxed);
        if (is_of(value, address)) entry.compare_exchange_strong(value, 0, kRelaxed);
    }
}

std::atomic<uint32_t>& block_of(uint64_t address) {
    return process->creation_blocks[protocol::creation_bucket(address)];
}

Places places_in(CreationBlock& block, uint64_t address) {
    return {block.entries, protocol::kCreationCount, protocol::creation_index(address), protocol::kCreationProbes};
}

/// Those that were made before there is a recording, which knows no stack of them: the caller alone.
Places early_places(uint64_t address) {
    constexpr uint32_t kCount = 1024;
    static std::atomic<uint64_t> entries[kCount];
    return {entries, kCount, protocol::hash_of_lock(address) >> 8, 8};
}

/// What finds no room has no class.
void note_early(uint64_t address, uint64_t caller) {
    std::atomic<uint64_t>* const entry = entry_for(early_places(address), address);
    if (entry != nullptr)
        entry->store(protocol::creation_of(address, protocol::hash_of_lock(caller) | kEarlyClass), kRelaxed);
}

}  // namespace

void note_creation(uint64_t address, WrapperFrame frame) {
    if (process == nullptr) return note_early(address, frame.caller().pc);
    protocol::ThreadRecord* const self = this_thread();
    if (self == nullptr || !open_notes()) return;
    const uint32_t stack = capture_stack(frame.caller(), stack_limits(self));
    if (stack == 0) return;
    CreationBlock* const block = made_note_block<CreationBlock>(block_of(address), protocol::SlotUse::kCreations);
    if (block == nullptr) return;
    const Places places = places_in(*block, address);
    std::atomic<uint64_t>* const entry = entry_for(places, address);
    (entry != nullptr ? *entry : places.at(0)).store(protocol::creation_of(address, stack), kRelaxed);
}

uint32_t creation_class(uint64_t address) {
    const bool is_open = process != nullptr && has_notes();
    CreationBlock* const block = is_open ? known_note_block<CreationBlock>(block_of(address)) : nullptr;
    const uint32_t known = block != nullptr ? class_in(places_in(*block, address), address) : 0;
    return known != 0 ? known : class_in(early_places(address), address);
}

void forget_creation(uint64_t address) {
    forget_in(early_places(address), address);
    if (process == nullptr || !has_notes()) return;
    CreationBlock* const block = known_note_block<CreationBlock>(block_of(address));
    if (block != nullptr) forget_in(places_in(*block, address), address);
}

}  // namespace preload
