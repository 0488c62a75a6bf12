// SPDX-License-Identifier: Apache-2.0
#include "preload/process/reservation.h"

#include <sys/mman.h>

#include <atomic>

#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/report/pauses.h"
#include "preload/threads/this_thread.h"

namespace preload {

using protocol::Capacity;
using protocol::ModuleRecord;
using protocol::Region;
using protocol::RegionKind;
using protocol::ThreadRecord;

namespace {

constexpr RegionKind kRegions[] = {protocol::kThreads, protocol::kStacks, protocol::kModules};
constexpr uint64_t kPatience = 20 * kMillisecond;  ///< a commit takes microseconds

/// From the beginning of each region on. Written by one thread at a time, see `is_shrinking`.
constinit std::atomic<uint64_t> usable[protocol::kRegionCount] = {};
constinit std::atomic<uint64_t> mapped[protocol::kRegionCount] = {};  ///< no less than what may be used

/// Threads in commit_reserved. Whoever gives something back lowers `usable` first, and waits until there are none: who
/// comes later sees that. Both in sequentially consistent order, so that one of them sees the other.
constinit std::atomic<uint32_t> committing{0};
constinit std::atomic<bool> is_shrinking{false};

uint64_t committed_bytes(RegionKind kind) {
    // Acquire pairs with the exchange in take().
    return process->regions[kind].committed.load(std::memory_order_acquire);
}

long address_in(RegionKind kind, uint64_t offset) {
    return as_argument(region_address(kind, offset));
}

/// Nothing but what is committed where the smallest recording is too large as well.
RegionSizes largest_within(uint64_t most) {
    for (const Capacity& capacity : protocol::kCapacities) {
        const RegionSizes sizes = sizes_for(capacity);
        if (sizes.total <= most) return sizes;
    }
    return {};
}

bool lower_usable(const RegionSizes& sizes) {
    bool is_lower = false;
    for (const RegionKind kind : kRegions) {
        const uint64_t committed = committed_bytes(kind);
        const uint64_t wanted = sizes.region[kind] > committed ? sizes.region[kind] : committed;
        if (wanted >= usable[kind].load(std::memory_order_relaxed)) continue;
        usable[kind].store(wanted, std::memory_order_seq_cst);
        is_lower = true;
    }
    return is_lower;
}

/// Nobody commits any more beyond what may be used, but may have until now.
void give_back(RegionKind kind) {
    const uint64_t committed = committed_bytes(kind);
    if (usable[kind].load(std::memory_order_relaxed) < committed)
        usable[kind].store(committed, std::memory_order_relaxed);
    const uint64_t kept = usable[kind].load(std::memory_order_relaxed);
    const uint64_t before = mapped[kind].load(std::memory_order_relaxed);
    if (kept >= before) return;
    // First: a child that is forked meanwhile must not take for its own what may be another's by then.
    mapped[kind].store(kept, std::memory_order_seq_cst);
    raw_syscall(SYS_munmap, address_in(kind, kept), static_cast<long>(before - kept));
}

bool is_anything_reserved_beyond(const RegionSizes& sizes) {
    for (const RegionKind kind : kRegions) {
        if (mapped[kind].load(std::memory_order_relaxed) > sizes.region[kind]) return true;
    }
    return false;
}

}  // namespace

RegionSizes sizes_for(const Capacity& capacity) {
    RegionSizes sizes{};
    sizes.region[protocol::kThreads] = uint64_t{capacity.threads} * sizeof(ThreadRecord);
    sizes.region[protocol::kStacks] = capacity.stack_bytes;
    sizes.region[protocol::kModules] = uint64_t{capacity.modules} * sizeof(ModuleRecord);
    sizes.total = protocol::kHeadBytes;
    for (uint64_t& bytes : sizes.region) {
        bytes = round_up(bytes, protocol::kChunkBytes);
        sizes.total += bytes;
    }
    return sizes;
}

void begin_reservation(const RegionSizes& sizes) {
    for (const RegionKind kind : kRegions) {
        usable[kind].store(sizes.region[kind], std::memory_order_relaxed);
        mapped[kind].store(sizes.region[kind], std::memory_order_relaxed);
    }
    committing.store(0, std::memory_order_relaxed);
    is_shrinking.store(false, std::memory_order_relaxed);
}

uint64_t usable_bytes(RegionKind kind) {
    return usable[kind].load(std::memory_order_relaxed);
}

Committed commit_reserved(RegionKind kind, uint64_t from, uint64_t to) {
    committing.fetch_add(1, std::memory_order_seq_cst);
    Committed result = Committed::kGivenBack;
    if (to <= usable[kind].load(std::memory_order_seq_cst)) {
        Region& region = process->regions[kind];
        result = commit(region.offset + from, to - from) ? Committed::kYes : Committed::kNoRoom;
        // Told before it counts as over: nothing below is given back then. Acquire in take() pairs with it.
        uint64_t committed = region.committed.load(std::memory_order_acquire);
        while (result == Committed::kYes && committed < to &&
               !region.committed.compare_exchange_weak(committed, to, std::memory_order_acq_rel)) {
        }
    }
    committing.fetch_sub(1, std::memory_order_seq_cst);
    return result;
}

bool shrink_reservation(uint64_t most) {
    if (process == nullptr || is_restricted() || !is_own_process()) return false;
    const RegionSizes sizes = largest_within(most);
    if (!is_anything_reserved_beyond(sizes) || is_shrinking.exchange(true, std::memory_order_acquire)) return false;
    uint64_t before[protocol::kRegionCount];
    for (const RegionKind kind : kRegions) before[kind] = usable[kind].load(std::memory_order_relaxed);
    bool is_given_back = false;
    if (lower_usable(sizes)) {
        is_given_back =
            wait_until(now_ns() + kPatience, [] { return committing.load(std::memory_order_seq_cst) == 0; });
        for (const RegionKind kind : kRegions) {
            if (is_given_back) {
                give_back(kind);
            } else {
                usable[kind].store(before[kind], std::memory_order_relaxed);
            }
        }
    }
    is_shrinking.store(false, std::memory_order_release);
    return is_given_back;
}

void unlock_reservation() {
    if (process == nullptr || is_restricted() || !is_own_process()) return;
    if (is_shrinking.exchange(true, std::memory_order_acquire)) return;
    for (const RegionKind kind : kRegions) {
        const uint64_t committed = committed_bytes(kind);
        const uint64_t end = mapped[kind].load(std::memory_order_relaxed);
        if (committed < end) raw_syscall(SYS_munlock, address_in(kind, committed), static_cast<long>(end - committed));
    }
    is_shrinking.store(false, std::memory_order_release);
}

/// In a program that has given up system calls all stays where it is, shared, and nobody uses it any more but a call
/// that the handler that forked has interrupted.
void abandon_reservation() {
    const auto replace = [](long address, uint64_t bytes) {
        raw_syscall(SYS_mmap, address, static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    };
    // This very thread may have been interrupted in it by the handler that forked.
    const bool is_in_use = committing.load(std::memory_order_relaxed) != 0;
    for (const RegionKind kind : kRegions) {
        const uint64_t end = mapped[kind].load(std::memory_order_relaxed);
        const uint64_t committed = committed_bytes(kind);
        const uint64_t kept = is_in_use || committed > end ? end : committed;
        const long address = address_in(kind, 0);
        if (kept != 0) replace(address, kept);
        if (kept < end) raw_syscall(SYS_munmap, address + static_cast<long>(kept), static_cast<long>(end - kept));
    }
    replace(as_argument(process), protocol::kHeadBytes);
}

}  // namespace preload
