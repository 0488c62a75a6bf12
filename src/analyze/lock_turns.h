// SPDX-License-Identifier: Apache-2.0
//
// Rings of locks that are walked around. A ring buffer whose parts have locks takes each part's while it holds the one
// before: the orders close a ring, but happen at one place, which goes around with the buffer, so that no two of them
// ever meet. (The log of MariaDB's Aria has eight such buffers, and a note in its source that they only look like a
// deadlock.) What tells it from a table of philosophers is that nothing else is ever seen: one order after the other,
// each once or several times, around and around, by threads that do whichever comes next.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "analyze/lock_order_rules.h"
#include "snapshot/snapshot.h"

namespace analyze {

class LockTurns {
public:
    /// Keeps a reference to the snapshot.
    explicit LockTurns(const snapshot::Snapshot& snapshot);

    /// At least four locks, whose orders followed each other around the ring each time that they are known of: one
    /// and a half times around, and twelve steps. Where each thread has one order of its own they are philosophers who
    /// happened to take turns: some (a third) of the threads must have done several. While the process goes on
    /// one such thread will do, and as long as more turns are written down once around: what is no walk mostly shows
    /// soon. Not seen is what does otherwise only after the last turn that is known. O(turns * ring + orders).
    bool is_walked(const OrderRing& ring) const;

private:
    using Edge = std::pair<uint64_t, uint64_t>;  ///< addresses of the lock that is held, and of the one that is taken

    bool have_walkers(const OrderRing& ring) const;

    const snapshot::Snapshot& snapshot_;
    const bool is_end_;
    std::map<Edge, std::set<uint32_t>> threads_;
};

}  // namespace analyze
