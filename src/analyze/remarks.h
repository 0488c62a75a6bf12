// SPDX-License-Identifier: Apache-2.0
//
// What a reader must know beside a verdict of the wait-for graph: where libc's memory corrected the
// record, and why a finding is not proved.
#pragma once

#include <string>
#include <vector>

#include "analyze/wait_for_graph.h"

namespace analyze {

/// Continues a message about these nodes (ascending) with the first few remarks; mostly empty.
std::string remarks(const WaitForGraph& graph, const std::vector<Node>& nodes, Certainty certainty);

}  // namespace analyze
