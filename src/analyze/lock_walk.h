// SPDX-License-Identifier: Apache-2.0
//
// Walks around an array of locks, each taken while the one before it is held: what a ring buffer does whose parts have
// locks. The orders close a ring, but nobody ever holds more than two of them at the place where the buffer is: as many
// threads as there are locks would have to be there at once. (Aria's log has eight such locks, and a note that they
// only look like a deadlock.) Threads that each take two neighbours of a ring, as philosophers do, are no walk.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "analyze/lock_order_rules.h"
#include "snapshot/snapshot.h"

namespace analyze {

class LockWalks {
public:
    explicit LockWalks(const snapshot::Snapshot& snapshot);

    /// At least four locks at equal distances, whose orders were first seen one after the other around the ring, and
    /// of which one thread has done two that follow each other. O(ring * log orders).
    bool is_walk(const OrderRing& ring) const;

private:
    struct Seen {
        uint64_t first_ns = 0;
        std::set<uint32_t> threads;
    };

    const Seen& seen(const snapshot::LockOrder& order) const;

    std::map<std::pair<uint64_t, uint64_t>, Seen> seen_;  ///< by the locks' addresses
};

}  // namespace analyze
