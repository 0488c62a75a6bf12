// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_order_rules.h"

#include <algorithm>
#include <iterator>

namespace analyze {

namespace {

using snapshot::LockOrder;
using snapshot::Mode;

/// What a thread has on this edge, and nobody else can have then.
std::vector<uint32_t> guards_of(const LockOrder& order) {
    std::vector<uint32_t> guards = order.gates;
    if (order.held_mode == Mode::kExclusive) guards.push_back(snapshot::gate_of(order.held));
    std::sort(guards.begin(), guards.end());
    return guards;
}

bool exclude_each_other(const LockOrder& left, const LockOrder& right) {
    const std::vector<uint32_t> a = guards_of(left);
    const std::vector<uint32_t> b = guards_of(right);
    std::vector<uint32_t> common;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
    return !common.empty();
}

bool is_of_one_thread(const OrderRing& ring) {
    const auto did = [](const LockOrder& order, uint32_t thread) {
        return order.thread == thread && order.other_thread == 0;
    };
    const uint32_t first = ring.front()->thread;
    return std::all_of(ring.begin(), ring.end(), [&](const LockOrder* order) { return did(*order, first); });
}

}  // namespace

bool both_read(const LockOrder& before, const LockOrder& after) {
    return before.mode == Mode::kShared && after.held_mode == Mode::kShared;
}

bool can_happen(const OrderRing& ring) {
    if (is_of_one_thread(ring) || both_read(*ring.back(), *ring.front())) return false;
    for (size_t left = 0; left < ring.size(); ++left) {
        for (size_t right = left + 1; right < ring.size(); ++right) {
            if (exclude_each_other(*ring[left], *ring[right])) return false;
        }
    }
    return true;
}

}  // namespace analyze
