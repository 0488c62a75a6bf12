// SPDX-License-Identifier: Apache-2.0
#include "analyze/owner_index.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace analyze {

namespace {

using snapshot::LockKind;
using snapshot::Mode;
using snapshot::State;

bool is_exclusive(const Owner& owner) {
    return owner.hold == nullptr || owner.hold->mode == Mode::kExclusive;
}

bool is_releasing(const Owner& owner) {
    return owner.hold != nullptr && owner.hold->releasing;
}

bool may_be_none(const Owner& owner) {
    return is_releasing(owner) || (owner.hold != nullptr && owner.hold->in_doubt);
}

/// Taken later, by more than the clock of holds lags.
bool is_newer(const Owner& owner, const Owner& other) {
    constexpr double kLongestTick = 0.01;
    const std::optional<double> age = owner.hold->for_seconds;
    const std::optional<double> other_age = other.hold->for_seconds;
    return age && other_age && *age + kLongestTick < *other_age;
}

/// Memory is used again: a mutex may lie where a rwlock was.
bool is_same_kind(LockKind left, LockKind right) {
    return left == right || left == LockKind::kUnknown || right == LockKind::kUnknown;
}

bool has_owner_in_memory(LockKind kind) {
    return kind == LockKind::kMutex || kind == LockKind::kRwlock;
}

template <typename Predicate>
size_t count_if(const std::vector<Owner>& owners, Predicate predicate) {
    return static_cast<size_t>(std::count_if(owners.begin(), owners.end(), predicate));
}

}  // namespace

LockKind awaited_kind(State state) {
    switch (state) {
        case State::kMutexLock: return LockKind::kMutex;
        case State::kRwlockRead:
        case State::kRwlockWrite: return LockKind::kRwlock;
        case State::kSpinLock: return LockKind::kSpin;
        case State::kCustomLock: return LockKind::kCustom;
        case State::kOnce: return LockKind::kOnce;
        case State::kJoin: return LockKind::kThread;
        case State::kUnknown:
        case State::kRunning:
        case State::kConditionWait:
        case State::kSemaphore:
        case State::kBarrier:
        case State::kFutex:
        case State::kSleep:
        case State::kSpinning:
        case State::kIo:
        case State::kFileLock:
        case State::kChildWait:
        case State::kSignalWait:
        case State::kExited: return LockKind::kUnknown;
    }
    return LockKind::kUnknown;
}

OwnerIndex::OwnerIndex(const snapshot::Snapshot& snapshot) : snapshot_(snapshot) {
    for (const snapshot::Thread& thread : snapshot.threads) {
        for (const snapshot::Hold& hold : thread.holds) {
            if (!hold.lent) holds_[hold.lock.address].push_back({thread.id, &hold});
        }
        if (thread.state == State::kRwlockWrite && thread.wait && !thread.finished) {
            writers_[thread.wait->object.address].push_back(thread.id);
        }
    }
}

bool OwnerIndex::is_finished(const Owner& owner) const {
    const snapshot::Thread* const thread = snapshot::find_thread(snapshot_, owner.thread);
    return thread != nullptr && thread->finished;
}

/// One entry a thread: of several holds of one lock the one that it surely has.
std::vector<Owner> OwnerIndex::recorded(const snapshot::Object& lock) const {
    std::vector<Owner> owners;
    const auto found = holds_.find(lock.address);
    if (found == holds_.end()) return owners;
    for (const auto& [thread, hold] : found->second) {
        if (!is_same_kind(hold->lock.kind, lock.kind)) continue;
        const Owner owner{thread, hold};
        if (owners.empty() || owners.back().thread != thread) {
            owners.push_back(owner);
        } else if (is_releasing(owners.back())) {
            owners.back() = owner;
        }
    }
    return owners;
}

/// Records that cannot all be right at one moment. A hold that is being released gives way to any
/// other, and one of a dead thread to a live one: a new lock lies where the old one was. What still
/// contradicts is in doubt.
std::vector<Owner> OwnerIndex::settle_contradictions(std::vector<Owner> recorded) const {
    const auto is_firm = [this](const Owner& owner) { return !is_releasing(owner) && !is_finished(owner); };
    const size_t firm_writers =
        count_if(recorded, [&](const Owner& owner) { return is_firm(owner) && is_exclusive(owner); });
    const size_t firm_readers =
        count_if(recorded, [&](const Owner& owner) { return is_firm(owner) && !is_exclusive(owner); });
    const auto gives_way = [&](const Owner& owner) {
        return !is_firm(owner) && (firm_writers > 0 || (firm_readers > 0 && is_exclusive(owner)));
    };
    std::erase_if(recorded, gives_way);
    const bool contradicts = firm_writers > 1 || (firm_writers == 1 && firm_readers > 0);
    for (Owner& owner : recorded) owner.in_doubt = contradicts || may_be_none(owner);
    return contradicts ? most_credible(recorded) : recorded;
}

/// A lock could not be taken before the others had let go of it, unseen: the memory was used again, or a child of
/// fork made the lock anew. Where the clock of holds cannot tell who was later, nobody is accused of what one who
/// can go on may have.
std::vector<Owner> OwnerIndex::most_credible(const std::vector<Owner>& claims) const {
    std::vector<Owner> latest;
    for (const Owner& owner : claims) {
        const bool is_stale = std::any_of(claims.begin(), claims.end(), [&](const Owner& other) {
            return (is_exclusive(owner) || is_exclusive(other)) && is_newer(other, owner);
        });
        if (!is_stale) latest.push_back(owner);
    }
    const auto is_stuck = [this](const Owner& owner) {
        const snapshot::Thread* const thread = snapshot::find_thread(snapshot_, owner.thread);
        return thread != nullptr && snapshot::is_blocked(*thread);
    };
    const bool still_contradicts = latest.size() > 1 && std::any_of(latest.begin(), latest.end(), is_exclusive);
    if (still_contradicts && !std::all_of(latest.begin(), latest.end(), is_stuck)) std::erase_if(latest, is_stuck);
    return latest;
}

OwnerIndex::Owners OwnerIndex::overrule(std::vector<Owner> recorded, const snapshot::LockMemory& memory) const {
    if (memory.owner_tid == 0 && !memory.owner_thread) {
        const bool has_fewer = memory.readers && *memory.readers < memory.recorded_readers;
        for (Owner& owner : recorded) {
            owner.in_doubt = is_exclusive(owner) || is_releasing(owner) || has_fewer;
            owner.of_readers = has_fewer && *memory.readers > 0 && !is_exclusive(owner) && !is_releasing(owner);
        }
        return {std::move(recorded), {}};
    }
    Owners result;
    for (const Owner& owner : recorded) {
        const snapshot::Thread* const thread = snapshot::find_thread(snapshot_, owner.thread);
        // A dead thread's number, or one of another pid namespace, may lead to no thread any more.
        const bool cannot_tell = !memory.owner_thread && (thread->tid == 0 || thread->finished);
        const bool agrees = memory.owner_thread == owner.thread || thread->tid == memory.owner_tid || cannot_tell;
        if (is_exclusive(owner) && agrees) {
            result.owners.push_back(owner);
            result.owners.back().in_doubt = is_releasing(owner);
        } else {
            result.overruled.push_back(owner.thread);
        }
    }
    if (result.owners.empty()) result.owners.push_back(Owner{memory.owner_thread.value_or(0)});
    return result;
}

OwnerIndex::Owners OwnerIndex::holders(const snapshot::Object& lock) const {
    if (lock.address == 0) return {};
    std::vector<Owner> owners = recorded(lock);
    const auto memory = snapshot_.lock_memory.find(lock.address);
    if (memory != snapshot_.lock_memory.end() && has_owner_in_memory(lock.kind)) {
        return overrule(std::move(owners), memory->second);
    }
    return {settle_contradictions(std::move(owners)), {}};
}

OwnerIndex::Owners OwnerIndex::writer(const snapshot::Object& rwlock) const {
    Owners result = holders(rwlock);
    std::vector<Owner>& owners = result.owners;
    owners.erase(std::remove_if(owners.begin(), owners.end(), [](const Owner& owner) { return !is_exclusive(owner); }),
                 owners.end());
    return result;
}

OwnerIndex::Owners OwnerIndex::queued_writers(const snapshot::Object& rwlock) const {
    Owners result;
    const auto found = writers_.find(rwlock.address);
    if (found == writers_.end() || rwlock.address == 0) return result;
    for (const uint32_t thread : found->second) result.owners.push_back(Owner{thread, nullptr, true, true});
    return result;
}

OwnerIndex::Owners OwnerIndex::joined(uint32_t thread) const {
    const snapshot::Thread* const found = snapshot::find_thread(snapshot_, thread);
    if (found == nullptr || found->finished) return {};
    return {{Owner{thread}}, {}};
}

/// Of a futex that the kernel makes a lock of; no record of ours has such a lock.
std::vector<Owner> OwnerIndex::owner_in_futex(uint64_t address) const {
    const auto memory = snapshot_.lock_memory.find(address);
    if (memory == snapshot_.lock_memory.end() || memory->second.owner_tid == 0) return {};
    return {Owner{memory->second.owner_thread.value_or(0)}};
}

std::vector<Owner> OwnerIndex::owners_of_wait(const snapshot::Thread& thread) const {
    const LockKind kind = awaited_kind(thread.state);
    if (!thread.wait || thread.finished) return {};
    if (!thread.wait->members.empty()) {
        std::vector<Owner> owners;
        for (const uint32_t member : thread.wait->members) owners.push_back(Owner{member});
        return owners;
    }
    if (thread.state == State::kFutex) return owner_in_futex(thread.wait->object.address);
    if (kind == LockKind::kUnknown) return {};
    if (kind == LockKind::kThread) return joined(thread.wait->joins.value_or(0)).owners;
    const snapshot::Object lock{kind, thread.wait->object.address, thread.wait->object.name};
    if (thread.state != State::kRwlockRead && !thread.wait->wants_shared) return holders(lock).owners;
    std::vector<Owner> owners = writer(lock).owners;
    if (thread.wait->prefers_writers) {
        for (const Owner& queued : queued_writers(lock).owners) owners.push_back(queued);
    }
    return owners;
}

std::vector<Owner> owners_of_wait(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    return OwnerIndex(snapshot).owners_of_wait(thread);
}

}  // namespace analyze
