// SPDX-License-Identifier: Apache-2.0
#include "read/owners/foreign_owners.h"

#include <charconv>
#include <map>
#include <optional>
#include <string>

#include "read/calls/words.h"
#include "read/kernel/proc.h"
#include "read/records/shared_places.h"

namespace reader {

namespace {

constexpr size_t kMostAsked = 64;
constexpr size_t kStatusBytes = 8192;

/// The process that a thread belongs to; 0: there is no such thread.
uint32_t process_of(uint32_t tid) {
    const std::string status = read_small_file(proc_path(tid, "status"), kStatusBytes);
    constexpr std::string_view kKey = "\nTgid:\t";
    const size_t at = status.find(kKey);
    uint32_t pid = 0;
    if (at != std::string::npos) std::from_chars(status.data() + at + kKey.size(), status.data() + status.size(), pid);
    return pid;
}

snapshot::LockKind kind_of(const snapshot::Thread& thread) {
    using enum snapshot::State;
    if (thread.state == kMutexLock) return snapshot::LockKind::kMutex;
    const bool is_rwlock = thread.state == kRwlockRead || thread.state == kRwlockWrite;
    return is_rwlock ? snapshot::LockKind::kRwlock : snapshot::LockKind::kUnknown;
}

/// Its number may be another thread's by now: the lock is asked once more, and the object must be there.
std::optional<snapshot::ProcessOwner> owner_of(uint32_t pid, uint64_t address, snapshot::LockKind kind, uint32_t tid) {
    const uint32_t owner = process_of(tid);
    if (owner == 0 || owner == pid || !share_namespaces(pid, owner)) return std::nullopt;
    const std::optional<SharedPlace> place = place_of(pid, address);
    const std::optional<uint64_t> there = place ? address_of(owner, *place) : std::nullopt;
    if (!there) return std::nullopt;
    snapshot::ProcessOwner found;
    found.pid = owner;
    found.tid = tid;
    found.address = *there;
    found.command = command_of_owner(owner);
    const auto asked = kind == snapshot::LockKind::kRwlock ? protocol::LockKind::kRwlock : protocol::LockKind::kMutex;
    const LockWords now = read_lock_words(pid, {{address, asked}});
    const auto still = now.owner_tids.find(address);
    if (still == now.owner_tids.end() || still->second != tid || process_of(tid) != owner) return std::nullopt;
    return found;
}

}  // namespace

void add_foreign_owners(uint32_t pid, const LockWords& words, snapshot::Snapshot& snapshot) {
    std::map<uint64_t, std::optional<snapshot::ProcessOwner>> known;
    for (snapshot::Thread& thread : snapshot.threads) {
        const snapshot::LockKind kind = kind_of(thread);
        if (kind == snapshot::LockKind::kUnknown || !thread.settled || !thread.wait) continue;
        const uint64_t address = thread.wait->object.address;
        const auto memory = snapshot.lock_memory.find(address);
        const bool is_foreign = memory != snapshot.lock_memory.end() && memory->second.owner_tid != 0 &&
                                !memory->second.owner_thread && words.shared.contains(address);
        if (!is_foreign || (known.size() == kMostAsked && !known.contains(address))) continue;
        const auto [entry, is_new] = known.try_emplace(address);
        if (is_new) entry->second = owner_of(pid, address, kind, memory->second.owner_tid);
        if (entry->second) thread.wait->process_owners.assign(1, *entry->second);
    }
}

}  // namespace reader
