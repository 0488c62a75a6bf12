// SPDX-License-Identifier: Apache-2.0
//
// The regions of the recording: append-only, committed chunk by chunk, used by all threads at once.
#include "preload/process/recording.h"

#include "preload/process/reservation.h"

namespace preload {

using protocol::ModuleRecord;
using protocol::RegionKind;
using protocol::ThreadRecord;

namespace {

uint32_t element_count(RegionKind kind, size_t size) {
    const protocol::Region& region = process->regions[kind];
    const uint64_t used = region.used.load(std::memory_order_acquire);
    const uint64_t committed = region.committed.load(std::memory_order_acquire);
    return static_cast<uint32_t>((used < committed ? used : committed) / size);
}

}  // namespace

void* region_address(RegionKind kind, uint64_t offset) {
    return reinterpret_cast<char*>(process) + process->regions[kind].offset + offset;
}

uint64_t take(RegionKind kind, uint64_t bytes) {
    protocol::Region& region = process->regions[kind];
    if (process->stopped.load(std::memory_order_relaxed) != protocol::Stopped::kNo) return UINT64_MAX;
    // Looked at first so that a full region's counter does not run away.
    if (region.used.load(std::memory_order_relaxed) + bytes > usable_bytes(kind)) return UINT64_MAX;
    const uint64_t offset = region.used.fetch_add(bytes, std::memory_order_relaxed);
    const uint64_t end = offset + bytes;
    if (end > region.bytes) return UINT64_MAX;

    // Acquire pairs with the exchange in commit_reserved, so that a range is never used before its system calls have
    // returned.
    uint64_t committed = region.committed.load(std::memory_order_acquire);
    if (committed >= end) return offset;
    const uint64_t wanted = round_up(end, protocol::kChunkBytes);
    switch (commit_reserved(kind, committed, wanted)) {
        case Committed::kYes: return offset;
        case Committed::kGivenBack: return UINT64_MAX;
        case Committed::kNoRoom: break;
    }
    process->stopped.store(protocol::Stopped::kNoRoom, std::memory_order_relaxed);
    return UINT64_MAX;
}

uint32_t thread_slot_count() {
    return element_count(protocol::kThreads, sizeof(ThreadRecord));
}

ThreadRecord* thread_slot(uint32_t index) {
    if (index >= thread_slot_count()) return nullptr;
    return static_cast<ThreadRecord*>(region_address(protocol::kThreads, uint64_t{index} * sizeof(ThreadRecord)));
}

uint32_t module_count() {
    return element_count(protocol::kModules, sizeof(ModuleRecord));
}

ModuleRecord* module_slot(uint32_t index) {
    if (index >= module_count()) return nullptr;
    return static_cast<ModuleRecord*>(region_address(protocol::kModules, uint64_t{index} * sizeof(ModuleRecord)));
}

}  // namespace preload
