// SPDX-License-Identifier: Apache-2.0
#include "analyze/followers.h"

#include <algorithm>

namespace analyze {

void add_followers(const WaitForGraph& graph, std::vector<GraphFinding>& findings, std::set<uint32_t>& taken) {
    // Being behind is no proof, so that a waiter that was not seen at rest may be: what it waits for stays.
    const Edges waiters = reversed(graph.edges(Certainty::kPossible));
    std::vector<bool> visited(graph.node_count(), false);
    for (GraphFinding& found : findings) {
        std::vector<Node> open;
        for (const Node node : found.nodes) {
            // A dead thread leads to every lock it left; only this finding's lock counts.
            const bool is_dead = graph.is_thread(node) && graph.thread(node).finished;
            if (!is_dead) open.push_back(node);
        }
        while (!open.empty()) {
            const Node node = open.back();
            open.pop_back();
            if (visited[node]) continue;
            visited[node] = true;
            if (graph.is_thread(node) && taken.insert(graph.thread(node).id).second) {
                found.finding.behind.push_back(graph.thread(node).id);
            }
            open.insert(open.end(), waiters[node].begin(), waiters[node].end());
        }
        std::sort(found.finding.behind.begin(), found.finding.behind.end());
    }
}

}  // namespace analyze
