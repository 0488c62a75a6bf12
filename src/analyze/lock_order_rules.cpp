// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_order_rules.h"

#include <algorithm>

namespace analyze {

namespace {

using snapshot::Gate;
using snapshot::LockOrder;
using snapshot::Mode;

/// What a thread has on this edge when it waits.
std::vector<Gate> guards_of(const LockOrder& order) {
    std::vector<Gate> guards = order.gates;
    guards.push_back(snapshot::gate_of(order.held, order.held_mode));
    return guards;
}

bool exclude_each_other(const LockOrder& left, const LockOrder& right) {
    const std::vector<Gate> guards = guards_of(right);
    for (const Gate& one : guards_of(left)) {
        const auto keeps_out = [&](const Gate& other) { return one.lock == other.lock && !both_read(one, other); };
        if (std::any_of(guards.begin(), guards.end(), keeps_out)) return true;
    }
    return false;
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

bool both_read(const Gate& left, const Gate& right) {
    return left.mode == Mode::kShared && right.mode == Mode::kShared;
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
