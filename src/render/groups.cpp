// SPDX-License-Identifier: Apache-2.0
#include "render/groups.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace render {

namespace {

using snapshot::Thread;

/// Waiters for different locks have different owners to show; an idle pool is one group although
/// each of its threads may have a condition of its own.
bool has_owner(snapshot::LockKind kind) {
    switch (kind) {
        case snapshot::LockKind::kMutex:
        case snapshot::LockKind::kRwlock:
        case snapshot::LockKind::kSpin:
        case snapshot::LockKind::kCustom:
        case snapshot::LockKind::kOnce:
        case snapshot::LockKind::kThread: return true;
        case snapshot::LockKind::kUnknown:
        case snapshot::LockKind::kCondition:
        case snapshot::LockKind::kSemaphore:
        case snapshot::LockKind::kBarrier:
        case snapshot::LockKind::kFutex:
        case snapshot::LockKind::kFile: return false;
    }
    return false;
}

bool waits_for_owner(const Thread& thread) {
    return thread.wait && (has_owner(thread.wait->object.kind) || !thread.wait->members.empty());
}

auto key_of(const Thread& thread, const Stacks& stacks, bool whatever_lock) {
    const bool owned = waits_for_owner(thread) && !whatever_lock;
    // Without a stack only the start routine tells two threads apart.
    const uint32_t entry = stacks.is_empty(thread.stack) ? stacks.kin(thread.entry) : 0;
    return std::make_tuple(snapshot::state_word(thread), thread.timed, thread.last_recorded, thread.stack_is_last_known,
                           thread.exiting, thread.ends_process, stacks.kin(thread.stack), entry,
                           stacks.kin(thread.created_stack), owned ? thread.wait->object.address : 0,
                           owned ? thread.wait->joins.value_or(0) : 0);
}

}  // namespace

std::vector<Group> group_threads(const snapshot::Snapshot& snapshot, const Stacks& stacks,
                                 const std::vector<uint32_t>& ids, bool whatever_lock) {
    std::vector<Group> groups;
    std::map<decltype(key_of(Thread(), stacks, false)), size_t> known;
    std::set<uint32_t> seen;
    for (const uint32_t id : ids) {
        const Thread* const thread = snapshot::find_thread(snapshot, id);
        if (thread == nullptr || !seen.insert(id).second) continue;
        const auto [entry, is_new] = known.try_emplace(key_of(*thread, stacks, whatever_lock), groups.size());
        if (is_new) groups.emplace_back();
        groups[entry->second].push_back(thread);
    }
    return groups;
}

std::vector<Group> parts_by_lock(const Group& group) {
    std::vector<Group> parts;
    std::map<std::pair<uint64_t, uint32_t>, size_t> known;
    for (const Thread* thread : group) {
        const bool owned = waits_for_owner(*thread);
        const uint64_t address = owned ? thread->wait->object.address : 0;
        const uint32_t joins = owned ? thread->wait->joins.value_or(0) : 0;
        const auto [entry, is_new] = known.try_emplace({address, joins}, parts.size());
        if (is_new) parts.emplace_back();
        parts[entry->second].push_back(thread);
    }
    return parts;
}

std::vector<uint32_t> ids_of(const Group& group) {
    std::vector<uint32_t> ids;
    for (const Thread* thread : group) ids.push_back(thread->id);
    return ids;
}

}  // namespace render
