// SPDX-License-Identifier: Apache-2.0
//
// Strongly connected components of a directed graph: the largest sets of nodes in which every node
// can reach every other. R. Tarjan, "Depth-first search and linear graph algorithms", 1972; without
// recursion, because a chain of waits may be as long as there are threads. O(nodes + edges).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace analyze {

using Node = uint32_t;
using Edges = std::vector<std::vector<Node>>;  ///< successors of each node

/// The same edges, the other way round.
Edges reversed(const Edges& edges);

/// The components, nodes ascending; single nodes are components too.
std::vector<std::vector<Node>> strongly_connected_components(const Edges& edges);

/// The number of each node's component, and how many nodes the largest has.
struct NumberedComponents {
    std::vector<size_t> of;
    size_t largest = 0;
};
NumberedComponents numbered_components(const Edges& edges);

}  // namespace analyze
