// SPDX-License-Identifier: Apache-2.0
//
// Orphaned locks: a lock whose owner has finished without releasing it.
#pragma once

#include <set>
#include <vector>

#include "analyze/wait_for_graph.h"

namespace analyze {

/// One finding a lock: its dead owners, then the threads that wait for it, without those in
/// `taken`. Locks that nobody waits for are found only when the process `has_ended`: until then
/// somebody might come and release them.
std::vector<GraphFinding> find_orphaned_locks(const WaitForGraph& graph, const std::set<uint32_t>& taken,
                                              bool has_ended);

}  // namespace analyze
