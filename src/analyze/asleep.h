// SPDX-License-Identifier: Apache-2.0
//
// All asleep: no thread of the process can run again, although no chain of owners says why. Every
// one is in an untimed wait inside the process, so that nobody is left to end it.
#pragma once

#include <optional>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace analyze {

/// The one finding, of every thread that has not ended; empty when any may run. Of a live process
/// all must have slept at one moment. Of one that was killed, a wait that may just have been ended
/// proves that somebody could run. O(threads and their holds).
std::optional<Finding> find_asleep(const snapshot::Snapshot& snapshot);

}  // namespace analyze
