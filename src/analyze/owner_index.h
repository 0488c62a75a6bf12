// SPDX-License-Identifier: Apache-2.0
//
// Who owns which lock. Joins two witnesses: the holds that threads recorded, and libc's own memory
// of the lock where it could be read. Where they disagree, libc is right.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyze/wait_for_graph.h"
#include "snapshot/snapshot.h"

namespace analyze {

class OwnerIndex {
public:
    struct Owners {
        std::vector<Owner> owners;        ///< ascending by thread
        std::vector<uint32_t> overruled;  ///< recorded owners that libc's memory contradicts
    };

    /// Keeps a reference to the snapshot. O(threads and their holds).
    explicit OwnerIndex(const snapshot::Snapshot& snapshot);

    /// Everyone who has this lock.
    Owners holders(const snapshot::Object& lock) const;
    /// Those of them who have it exclusively.
    Owners writer(const snapshot::Object& rwlock) const;
    /// Threads that wait to write.
    Owners queued_writers(const snapshot::Object& rwlock) const;
    /// The thread that a join waits for, while it runs.
    Owners joined(uint32_t thread) const;

    /// As owners_of_wait().
    std::vector<Owner> owners_of_wait(const snapshot::Thread& thread) const;

private:
    std::vector<Owner> owner_in_futex(uint64_t address) const;
    std::vector<Owner> recorded(const snapshot::Object& lock) const;
    Owners overrule(std::vector<Owner> recorded, const snapshot::LockMemory& memory) const;
    std::vector<Owner> settle_contradictions(std::vector<Owner> recorded) const;
    std::vector<Owner> most_credible(const std::vector<Owner>& claims) const;
    bool is_finished(const Owner& owner) const;

    struct Held {
        uint32_t thread;
        const snapshot::Hold* hold;
    };

    const snapshot::Snapshot& snapshot_;
    std::unordered_map<uint64_t, std::vector<Held>> holds_;        ///< by lock address
    std::unordered_map<uint64_t, std::vector<uint32_t>> writers_;  ///< threads in rwlock write, by lock address
};

/// The kind of lock that a thread in this state waits for; kUnknown: for none that has an owner.
snapshot::LockKind awaited_kind(snapshot::State state);

}  // namespace analyze
