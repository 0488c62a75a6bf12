// SPDX-License-Identifier: Apache-2.0
//
// Deadlocks: threads of which each waits, untimed, for the next. A thread waits for all owners at
// once (a writer for every reader), so that a single one that never lets go is enough: every
// strongly connected component of the wait-for graph is one deadlock, of one thread alone a
// self-deadlock.
#pragma once

#include <vector>

#include "analyze/wait_for_graph.h"

namespace analyze {

/// Proved ones first, then likely ones that share no thread with them. Each thread is in one at most.
std::vector<GraphFinding> find_deadlocks(const WaitForGraph& graph);

}  // namespace analyze
