// SPDX-License-Identifier: Apache-2.0
//
// Leftovers: threads that are still there when the process ends, and finished ones that nobody
// joined. Facts, not judgements.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "analyze/finding.h"

namespace analyze {

/// The report is of the process' end: leftover threads count.
bool is_end_of_process(snapshot::Reason reason);

/// Finished, neither joined nor detached, and not main.
bool is_unjoined(const snapshot::Thread& thread);

/// kBlocked, kAlive or kUnjoined: what the thread is when the process ends now. Empty for the one
/// that ends it, for those that are rightly gone, and for the helpers of a language's runtime.
std::optional<Verdict> leftover_verdict(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

/// One finding for each set of leftover threads, without those in `taken`, that are in the same
/// state at the same place and were created at the same place.
std::vector<Finding> find_leftovers(const snapshot::Snapshot& snapshot, const std::set<uint32_t>& taken);

}  // namespace analyze
