// SPDX-License-Identifier: Apache-2.0
#include "analyze/strongly_connected.h"

#include <algorithm>
#include <limits>

namespace analyze {

namespace {

constexpr uint32_t kUnvisited = std::numeric_limits<uint32_t>::max();

class ComponentSearch {
public:
    explicit ComponentSearch(const Edges& edges)
        : edges_(edges), order_(edges.size(), kUnvisited), low_(edges.size()), open_(edges.size(), false) {}

    std::vector<std::vector<Node>> run() {
        for (Node node = 0; node < edges_.size(); ++node) {
            if (order_[node] == kUnvisited) visit_from(node);
        }
        return std::move(components_);
    }

private:
    struct Step {
        Node node;
        size_t next_edge;
    };

    void enter(Node node) {
        order_[node] = low_[node] = visited_++;
        open_[node] = true;
        stack_.push_back(node);
        path_.push_back({node, 0});
    }

    void visit_from(Node root) {
        enter(root);
        while (!path_.empty()) {
            Step& step = path_.back();
            const Node node = step.node;
            if (step.next_edge == edges_[node].size()) {
                leave(node);
                continue;
            }
            const Node next = edges_[node][step.next_edge++];
            if (order_[next] == kUnvisited) {
                enter(next);
            } else if (open_[next]) {
                low_[node] = std::min(low_[node], order_[next]);
            }
        }
    }

    void leave(Node node) {
        path_.pop_back();
        if (!path_.empty()) {
            const Node from = path_.back().node;
            low_[from] = std::min(low_[from], low_[node]);
        }
        if (low_[node] == order_[node]) close_component(node);
    }

    void close_component(Node root) {
        std::vector<Node>& component = components_.emplace_back();
        do {
            component.push_back(stack_.back());
            open_[stack_.back()] = false;
            stack_.pop_back();
        } while (component.back() != root);
        std::sort(component.begin(), component.end());
    }

    const Edges& edges_;
    std::vector<uint32_t> order_;  ///< when the node was first visited
    std::vector<uint32_t> low_;    ///< earliest open node that is known to be reachable
    std::vector<bool> open_;       ///< on stack_
    std::vector<Node> stack_;      ///< visited, component not yet known
    std::vector<Step> path_;       ///< what a recursion would keep
    uint32_t visited_ = 0;
    std::vector<std::vector<Node>> components_;
};

}  // namespace

Edges reversed(const Edges& edges) {
    Edges result(edges.size());
    for (Node from = 0; from < edges.size(); ++from) {
        for (const Node to : edges[from]) result[to].push_back(from);
    }
    return result;
}

std::vector<std::vector<Node>> strongly_connected_components(const Edges& edges) {
    return ComponentSearch(edges).run();
}

NumberedComponents numbered_components(const Edges& edges) {
    NumberedComponents numbered;
    numbered.of.resize(edges.size(), 0);
    size_t count = 0;
    for (const std::vector<Node>& component : strongly_connected_components(edges)) {
        ++count;
        numbered.largest = std::max(numbered.largest, component.size());
        for (const Node node : component) numbered.of[node] = count;
    }
    return numbered;
}

}  // namespace analyze
