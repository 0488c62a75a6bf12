// SPDX-License-Identifier: Apache-2.0
//
// Lock-order inversions: locks that were taken in an order that closes a cycle, by different threads, so
// that with other timing each could have waited for the next. Nothing is told of cycles of one thread, of
// those that a lock held around two of their edges keeps from happening at once (J. Harrow, "Runtime
// checking of multithreaded applications with Visual Threads", 2000: gate locks), and of shared locks that
// are taken for reading on both sides.
#pragma once

#include <vector>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace analyze {

inline constexpr size_t kLongestInversion = 16;

/// Of single locks, and then of classes of them (lock_class_order.h). Shortest first; each set of locks once, and none
/// that contains that of a shorter one. `but`: findings whose cycle happened, so that it is no news. The search for
/// long cycles has a bound.
std::vector<Finding> find_lock_orders(const snapshot::Snapshot& snapshot, const std::vector<Finding>& but);

}  // namespace analyze
