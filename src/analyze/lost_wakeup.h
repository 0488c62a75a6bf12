// SPDX-License-Identifier: Apache-2.0
//
// Lost wake-ups: threads that wait on a condition whose last signal came after they had locked the mutex
// that they wait with, and before they began to wait. Nobody can be kept from that moment by the mutex but
// one who signals without it.
#pragma once

#include <set>
#include <vector>

#include "analyze/finding.h"
#include "analyze/wait_for_graph.h"

namespace analyze {

/// One for each condition; always likely. `taken`: threads of stronger findings.
std::vector<Finding> find_lost_wakeups(const snapshot::Snapshot& snapshot, const std::set<uint32_t>& taken);

/// Of a barrier: how many have not come to it. Empty: not known.
std::optional<size_t> missing_parties(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

/// For each thread that waits without an owner: threads that wait behind it, where whoever is known to have
/// signalled what it waits for has exited, or is one of them. At most likely: another may signal yet.
std::map<uint32_t, std::vector<uint32_t>> find_probable_cycles(const WaitForGraph& graph);

}  // namespace analyze
