// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_walk.h"

#include <algorithm>

namespace analyze {

namespace {

using snapshot::LockOrder;

constexpr size_t kFewestLocks = 4;  ///< fewer orders are often seen one after the other by chance

bool is_array(const OrderRing& ring) {
    const auto lowest = std::min_element(ring.begin(), ring.end(), [](const LockOrder* one, const LockOrder* other) {
        return one->held.address < other->held.address;
    });
    OrderRing sorted = ring;
    std::rotate(sorted.begin(), sorted.begin() + (lowest - ring.begin()), sorted.end());
    const uint64_t distance = sorted[1]->held.address - sorted[0]->held.address;
    for (size_t i = 1; i < sorted.size(); ++i) {
        if (sorted[i]->held.address - sorted[i - 1]->held.address != distance) return false;
    }
    return true;
}

}  // namespace

LockWalks::LockWalks(const snapshot::Snapshot& snapshot) {
    for (const LockOrder& order : snapshot.lock_orders) {
        Seen& seen = seen_[{order.held.address, order.lock.address}];
        if (seen.threads.empty() || order.time_ns < seen.first_ns) seen.first_ns = order.time_ns;
        seen.threads.insert(order.thread);
        if (order.other_thread != 0) seen.threads.insert(order.other_thread);
    }
}

const LockWalks::Seen& LockWalks::seen(const LockOrder& order) const {
    return seen_.at({order.held.address, order.lock.address});
}

bool LockWalks::is_walk(const OrderRing& ring) const {
    if (ring.size() < kFewestLocks || !is_array(ring)) return false;
    size_t turns = 0;
    bool has_walker = false;
    for (size_t i = 0; i < ring.size(); ++i) {
        const Seen& one = seen(*ring[i]);
        const Seen& next = seen(*ring[(i + 1) % ring.size()]);
        if (one.first_ns == next.first_ns) return false;  // or not known
        if (one.first_ns > next.first_ns) ++turns;
        has_walker = has_walker || std::any_of(one.threads.begin(), one.threads.end(),
                                               [&](uint32_t thread) { return next.threads.contains(thread); });
    }
    return turns == 1 && has_walker;
}

}  // namespace analyze
