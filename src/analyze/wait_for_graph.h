// SPDX-License-Identifier: Apache-2.0
//
// The wait-for graph: nodes are threads and what they wait for, an edge leads from a waiter to what
// it waits for and from there to each owner. Only untimed waits make edges. Nodes of their own for
// what is waited for keep the graph as small as its waits and holds, however many threads wait for
// however many readers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analyze/finding.h"
#include "analyze/strongly_connected.h"
#include "snapshot/snapshot.h"

namespace analyze {

/// Who has what a thread waits for, and how it is known.
struct Owner {
    uint32_t thread = 0;                   ///< 0: an owner that is no thread of the snapshot
    const snapshot::Hold* hold = nullptr;  ///< null: known from libc's memory, or a joined thread
    bool in_doubt = false;                 ///< record and libc's memory cannot both be right, or a writer only queued
    bool queued = false;                   ///< a writer that readers must let pass; it owns nothing yet
    bool of_readers = false;               ///< in doubt as one of several: memory counts fewer, but not none
};

/// Owners of what `thread` waits for, timed or not: mutex owner, rwlock writer or all readers,
/// joined thread. Empty when it waits for nothing that has an owner. O(holds of all threads); for
/// many threads see OwnerIndex.
std::vector<Owner> owners_of_wait(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

/// What one or more threads wait for in the same way, and so with the same owners.
struct Awaited {
    enum class Part {
        kHolders,  ///< everyone who has the lock
        kWriter,   ///< who has it exclusively: all that a reader waits for
        kQueue,    ///< writers that wait for it, where those go first
        kEnd,      ///< of a joined thread
    };

    Part part = Part::kHolders;
    snapshot::Object object;
    uint32_t joined = 0;              ///< kEnd: the thread
    std::vector<Owner> owners;        ///< ascending by thread
    std::vector<uint32_t> overruled;  ///< recorded owners that libc's memory contradicts
    std::vector<Node> waiters;        ///< untimed, ascending
    bool foreign_unlocked = false;    ///< a non-owner once unlocked it: owning proves little
};

class WaitForGraph {
public:
    /// Keeps a reference to the snapshot.
    explicit WaitForGraph(const snapshot::Snapshot& snapshot);

    const snapshot::Snapshot& snapshot() const { return snapshot_; }
    const std::vector<Awaited>& awaited() const { return awaited_; }

    size_t node_count() const { return snapshot_.threads.size() + awaited_.size(); }
    bool is_thread(Node node) const { return node < snapshot_.threads.size(); }
    const snapshot::Thread& thread(Node node) const { return snapshot_.threads[node]; }
    const Awaited& awaited(Node node) const { return awaited_[node - snapshot_.threads.size()]; }
    Node node_of_awaited(size_t index) const { return static_cast<Node>(snapshot_.threads.size() + index); }
    /// Empty: no thread of the snapshot.
    std::optional<Node> node_of_thread(uint32_t id) const;

    /// What a conclusion that uses the edge can be at most. A waiter that was not seen at rest makes
    /// its wait a mere possibility.
    Certainty certainty_of_wait(Node waiter, const Awaited& awaited) const;
    /// Empty: no edge, the owner may have let go.
    std::optional<Certainty> certainty_of_owner(const Owner& owner) const;

    /// The edges that are at least this certain, successors ascending.
    Edges edges(Certainty weakest) const;

private:
    void add_waits();
    bool was_foreign_unlocked(const snapshot::Object& object) const;

    const snapshot::Snapshot& snapshot_;
    std::vector<Awaited> awaited_;
};

/// A finding that the graph shows, and the nodes it is made of: who reaches one of them, waits behind it.
struct GraphFinding {
    Finding finding;
    std::vector<Node> nodes;
};

}  // namespace analyze
