// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_turns.h"

#include <algorithm>

#include "analyze/leftover.h"

namespace analyze {

namespace {

using snapshot::LockOrder;

constexpr size_t kFewestLocks = 4;   ///< fewer orders often take turns for a while
constexpr size_t kFewestTurns = 12;  ///< of what may be told no more

/// Number of the order in the ring; its size: none of them.
size_t place_of(const snapshot::LockTurn& turn, const OrderRing& ring) {
    const auto is_it = [&](const LockOrder* order) {
        return order->held.address == turn.held && order->lock.address == turn.lock;
    };
    return static_cast<size_t>(std::find_if(ring.begin(), ring.end(), is_it) - ring.begin());
}

/// How many steps around the ring the turns are; 0 where one of them is another way.
size_t steps_around(const snapshot::LockTurns& turns, const OrderRing& ring) {
    size_t count = 0;
    size_t last = ring.size();
    for (const snapshot::LockTurn& turn : turns.turns) {
        const size_t place = place_of(turn, ring);
        if (place == ring.size() || place == last) continue;
        if (count > 0 && place != (last + 1) % ring.size()) return 0;
        last = place;
        ++count;
    }
    return count;
}

}  // namespace

LockTurns::LockTurns(const snapshot::Snapshot& snapshot)
    : snapshot_(snapshot), is_end_(is_end_of_process(snapshot.process.reason)) {
    if (snapshot.lock_turns.empty()) return;
    for (const LockOrder& order : snapshot.lock_orders) {
        std::set<uint32_t>& threads = threads_[{order.held.address, order.lock.address}];
        threads.insert(order.thread);
        if (order.other_thread != 0) threads.insert(order.other_thread);
    }
}

bool LockTurns::have_walkers(const OrderRing& ring) const {
    std::map<uint32_t, size_t> orders_by;
    for (const LockOrder* const order : ring) {
        for (const uint32_t thread : threads_.at({order->held.address, order->lock.address})) ++orders_by[thread];
    }
    const auto walks = [](const auto& thread) { return thread.second > 1; };
    const auto walkers = static_cast<size_t>(std::count_if(orders_by.begin(), orders_by.end(), walks));
    return walkers > 0 && (!is_end_ || 2 * walkers > orders_by.size() - walkers);
}

bool LockTurns::is_walked(const OrderRing& ring) const {
    if (ring.size() < kFewestLocks) return false;
    const auto goes = [&](const snapshot::LockTurns& turns) {
        const bool is_last_word = is_end_ || turns.is_full;
        const size_t enough = is_last_word ? std::max(kFewestTurns, ring.size() + ring.size() / 2) : ring.size();
        return steps_around(turns, ring) >= enough;
    };
    return std::any_of(snapshot_.lock_turns.begin(), snapshot_.lock_turns.end(), goes) && have_walkers(ring);
}

}  // namespace analyze
