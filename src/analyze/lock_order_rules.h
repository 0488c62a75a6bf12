// SPDX-License-Identifier: Apache-2.0
//
// Whether a ring of lock orders can happen at once, or only looks like it: one thread alone, readers, gates.
#pragma once

#include <vector>

#include "snapshot/snapshot.h"

namespace analyze {

/// Each order takes what the next one holds, the last one what the first holds.
using OrderRing = std::vector<const snapshot::LockOrder*>;

/// The lock that `before` takes is held by `after`: two readers do not keep each other out.
bool both_read(const snapshot::LockOrder& before, const snapshot::LockOrder& after);

/// Readers of a lock around both: it keeps neither from what it does.
bool both_read(const snapshot::Gate& left, const snapshot::Gate& right);

/// By different threads, no lock held around two of them but by readers alone, and not between readers.
bool can_happen(const OrderRing& ring);

}  // namespace analyze
