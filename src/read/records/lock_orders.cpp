// SPDX-License-Identifier: Apache-2.0
#include "read/records/lock_orders.h"

#include <map>
#include <utility>
#include <vector>

#include "read/records/head.h"
#include "read/records/lock_kinds.h"

namespace reader {

using snapshot::LockKind;

namespace {

snapshot::Object lock_at(LockKind kind, uint64_t address) {
    snapshot::Object made;
    made.kind = kind;
    made.address = address;
    return made;
}

/// Empty: a kind of which nothing is known.
std::optional<snapshot::MisuseKind> misuse_kind_of(protocol::MisuseKind kind) {
    switch (kind) {
        case protocol::MisuseKind::kForeignUnlock: return snapshot::MisuseKind::kForeignUnlock;
        case protocol::MisuseKind::kDestroyedLocked: return snapshot::MisuseKind::kDestroyedLocked;
        case protocol::MisuseKind::kDestroyedWaited: return snapshot::MisuseKind::kDestroyedWaited;
        case protocol::MisuseKind::kRelocked: return snapshot::MisuseKind::kRelocked;
        case protocol::MisuseKind::kExitedHolding: return snapshot::MisuseKind::kExitedHolding;
        case protocol::MisuseKind::kUnjoinedDestroyed: return snapshot::MisuseKind::kUnjoinedDestroyed;
        case protocol::MisuseKind::kNone: return std::nullopt;
    }
    return std::nullopt;
}

LockKind object_kind_of(const protocol::Misuse& misuse, snapshot::MisuseKind kind) {
    if (kind == snapshot::MisuseKind::kDestroyedWaited) return LockKind::kCondition;
    if (kind == snapshot::MisuseKind::kUnjoinedDestroyed) return LockKind::kThread;
    return lock_kind_of(misuse.lock_kind);
}

/// A turn of locks that are in no order that is known is one that is not known.
snapshot::LockTurns turns_of(const std::vector<std::pair<uint32_t, uint32_t>>& turns,
                             const std::map<uint32_t, uint64_t>& addresses) {
    const auto address_of = [&](uint32_t hash) {
        const auto found = addresses.find(hash);
        return found == addresses.end() ? 0 : found->second;
    };
    snapshot::LockTurns made;
    for (const auto& [held, lock] : turns) made.turns.push_back({address_of(held), address_of(lock)});
    made.is_full = turns.size() == protocol::kTurnCount;
    return made;
}

}  // namespace

void fill_lock_turns(const Legacy& legacy, snapshot::Snapshot& snapshot) {
    std::map<uint32_t, uint64_t> addresses;
    for (const OrderCopy& copy : legacy.orders) {
        for (const uint64_t address : {copy.held, copy.lock})
            addresses.emplace(protocol::hash_of_lock(address), address);
    }
    for (const auto& turns : legacy.turns) snapshot.lock_turns.push_back(turns_of(turns, addresses));
}

void fill_lock_orders(const Legacy& legacy, StackTable& stacks, snapshot::Snapshot& snapshot) {
    const auto made_at = [&](uint64_t address) {
        const auto found = legacy.creations.find(protocol::hash_of_lock(address));
        return found == legacy.creations.end() ? 0 : stacks.index_of(found->second);
    };
    for (const OrderCopy& copy : legacy.orders) {
        if (copy.held == 0 || copy.lock == 0 || copy.thread == 0) continue;
        snapshot::LockOrder order;
        order.held = lock_at(lock_kind_of(copy.held_kind), copy.held);
        order.lock = lock_at(lock_kind_of(copy.kind), copy.lock);
        order.held_mode = mode_of(copy.held_mode);
        order.mode = mode_of(copy.mode);
        order.held_stack = stacks.index_of(copy.held_stack);
        order.stack = stacks.index_of(copy.stack);
        order.held_made_at = made_at(copy.held);
        order.made_at = made_at(copy.lock);
        order.thread = copy.thread;
        order.other_thread = copy.other_thread;
        order.time_ns = copy.time_ns;
        for (const uint32_t gate : copy.gates)
            order.gates.push_back({gate | 1, (gate & 1) != 0 ? snapshot::Mode::kExclusive : snapshot::Mode::kShared});
        order.gates_unknown = copy.gates.size() == protocol::kOrderGates;
        snapshot.lock_orders.push_back(std::move(order));
    }
}

void fill_misuses(const protocol::ProcessRecord& head, const Times& times, StackTable& stacks,
                  snapshot::Snapshot& snapshot) {
    for (const protocol::Misuse& misuse : head.misuses) {
        const auto kind = misuse_kind_of(misuse.kind.load(kRelaxed));
        if (!kind) continue;
        snapshot::Misuse seen;
        seen.kind = *kind;
        seen.object = lock_at(object_kind_of(misuse, *kind), misuse.object);
        seen.thread = misuse.thread;
        seen.other_thread = misuse.other_thread;
        seen.stack = stacks.index_of(misuse.stack);
        seen.ago_seconds = times.since(misuse.time_ns);
        snapshot.misuses.push_back(std::move(seen));
    }
}

}  // namespace reader
