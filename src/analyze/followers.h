// SPDX-License-Identifier: Apache-2.0
//
// Followers: threads that are stuck only because what they wait for is part of a finding, or leads
// to one.
#pragma once

#include <set>
#include <vector>

#include "analyze/wait_for_graph.h"

namespace analyze {

/// Fills `behind` of each finding, strongest first: a thread follows one finding at most. `taken`
/// are the threads of findings; followers are added. O(nodes and edges of the graph).
void add_followers(const WaitForGraph& graph, std::vector<GraphFinding>& findings, std::set<uint32_t>& taken);

}  // namespace analyze
