// SPDX-License-Identifier: Apache-2.0
//
// Lock-order inversions by class: where a lock of one class was taken before one of another, and elsewhere the other
// way round, without both ever being the same two locks. That two threads could meet in them is possible only where
// the same two can come together, which nobody has seen: so nothing is told
// - of classes with locks that are taken one within the other, or after each other through whatever lies between
//   (trees, lists that are walked hand over hand);
// - of locks that were acquired by the same way through the program in both orders: code that is given its locks;
// - where all orders of these places went up in memory, or all down: locks may be taken by their address;
// - where a lock of one class, as of one object, was held around both.
//
// Classes are looked at twice: by the places where locks are acquired, and then, of those that a call has initialized
// and that are no nested ones by their places either, by where that was.
#pragma once

#include <vector>

#include "analyze/finding.h"
#include "analyze/lock_order_rules.h"
#include "snapshot/snapshot.h"

namespace analyze {

/// Shortest first, each set of classes once. `known`: inversions of single locks, whose classes are no news.
std::vector<OrderRing> find_class_rings(const snapshot::Snapshot& snapshot, const std::vector<OrderRing>& known);

}  // namespace analyze
