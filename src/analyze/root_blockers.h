// SPDX-License-Identifier: Apache-2.0
//
// Root blockers: threads that others wait for, directly or through one another, and that wait for no
// owner themselves. They are where a reader of a report has to look; all the others merely follow.
#pragma once

#include <set>
#include <vector>

#include "analyze/finding.h"
#include "analyze/wait_for_graph.h"

namespace analyze {

/// How many of some threads wait for what, most frequent first. Joins count as one kind: address 0.
std::vector<WaitShare> wait_shares(const snapshot::Snapshot& snapshot, const std::vector<uint32_t>& threads);

/// Most threads first. `but`: threads of findings, and those behind them. A thread that several roots
/// block is told once. O(nodes and edges of the graph).
std::vector<RootBlocker> find_root_blockers(const WaitForGraph& graph, const std::set<uint32_t>& but);

}  // namespace analyze
