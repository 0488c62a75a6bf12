// SPDX-License-Identifier: Apache-2.0
#include "analyze/deadlock.h"

#include <algorithm>
#include <string>
#include <utility>

#include "analyze/fingerprint.h"
#include "analyze/remarks.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using Component = std::vector<Node>;

// A sentence with more is no longer read.
constexpr size_t kToldWaits = 8;

bool contains(const Component& component, Node node) {
    return std::binary_search(component.begin(), component.end(), node);
}

/// A walk through the threads of a component: smallest number first, then whichever of the next
/// ones is smallest; where the walk ends early, it starts again at the smallest that is left. A
/// component that is a ring comes out as that ring. O(its nodes and edges).
class Chain {
public:
    Chain(const WaitForGraph& graph, const Edges& edges, const Component& component)
        : graph_(graph), component_(component), visited_(component.size(), false) {
        for (const Node node : component) within_.push_back(inside(edges[node]));
        tried_.resize(component.size(), 0);
    }

    std::vector<Node> walk() {
        std::vector<Node> chain;
        for (const Node start : component_) {
            for (std::optional<Node> next = start; next && graph_.is_thread(*next); next = after(*next)) {
                if (visited_[position(*next)]) break;
                visited_[position(*next)] = true;
                chain.push_back(*next);
            }
        }
        return chain;
    }

private:
    size_t position(Node node) const {
        return static_cast<size_t>(std::lower_bound(component_.begin(), component_.end(), node) - component_.begin());
    }

    std::vector<Node> inside(std::vector<Node> nodes) const {
        nodes.erase(
            std::remove_if(nodes.begin(), nodes.end(), [this](Node node) { return !contains(component_, node); }),
            nodes.end());
        return nodes;
    }

    std::optional<Node> after(Node thread) {
        for (const Node awaited : within_[position(thread)]) {
            const size_t at = position(awaited);
            for (size_t& next = tried_[at]; next < within_[at].size(); ++next) {
                if (!visited_[position(within_[at][next])]) return within_[at][next];
            }
        }
        return std::nullopt;
    }

    const WaitForGraph& graph_;
    const Component& component_;
    std::vector<bool> visited_;
    std::vector<std::vector<Node>> within_;  ///< successors in the component
    std::vector<size_t> tried_;              ///< of each awaited node: owners that need no second look
};

/// What a thread of a component waits for within it.
const Awaited& awaited_by(const WaitForGraph& graph, const Edges& edges, const Component& component, Node thread) {
    const auto found = std::find_if(edges[thread].begin(), edges[thread].end(),
                                    [&](Node awaited) { return contains(component, awaited); });
    return graph.awaited(*found);
}

std::string owners_within(const WaitForGraph& graph, const Component& component, const Awaited& awaited) {
    std::vector<uint32_t> owners;
    for (const Owner& owner : awaited.owners) {
        const std::optional<Node> node = graph.node_of_thread(owner.thread);
        if (node && contains(component, *node)) owners.push_back(owner.thread);
    }
    return thread_words(owners);
}

/// "mutex g_ledger held by T3".
std::string wait_words(const WaitForGraph& graph, const Component& component, const Awaited& awaited) {
    const std::string owners = owners_within(graph, component, awaited);
    const std::string object = object_words(awaited.object);
    switch (awaited.part) {
        case Awaited::Part::kHolders:
        case Awaited::Part::kWriter:
            return object + (awaited.object.kind == snapshot::LockKind::kOnce ? " run by " : " held by ") + owners;
        case Awaited::Part::kQueue: return object + " wanted first by " + owners;
        case Awaited::Part::kEnd: return "the end of " + owners;
    }
    return {};
}

std::string self_deadlock_message(const Awaited& awaited, const std::string& thread) {
    if (awaited.part == Awaited::Part::kEnd) return thread + " waits for its own end";
    const bool is_once = awaited.object.kind == snapshot::LockKind::kOnce;
    return thread + " waits for " + object_words(awaited.object) + ", which it " + (is_once ? "runs" : "holds") +
           " itself";
}

std::string deadlock_message(const WaitForGraph& graph, const Edges& edges, const Component& component,
                             const std::vector<Node>& chain) {
    std::vector<uint32_t> threads;
    std::string waits;
    for (const Node node : chain) {
        threads.push_back(graph.thread(node).id);
        if (threads.size() > kToldWaits) continue;
        waits += (waits.empty() ? "" : ", ") + thread_words(threads.back()) + " for " +
                 wait_words(graph, component, awaited_by(graph, edges, component, node));
    }
    const std::string more = threads.size() > kToldWaits ? ", and so on" : "";
    return thread_words(threads) + " wait for each other: " + waits + more;
}

GraphFinding judge(const WaitForGraph& graph, const Edges& edges, Component component, Certainty certainty) {
    const std::vector<Node> chain = Chain(graph, edges, component).walk();
    Finding finding;
    finding.verdict = chain.size() == 1 ? Verdict::kSelfDeadlock : Verdict::kDeadlock;
    finding.certainty = certainty;
    std::vector<std::string> identities;
    for (const Node node : chain) {
        finding.threads.push_back(graph.thread(node).id);
        identities.push_back(identity(graph.snapshot(), graph.thread(node)));
    }
    finding.message = chain.size() == 1 ? self_deadlock_message(awaited_by(graph, edges, component, chain.front()),
                                                                thread_words(finding.threads.front()))
                                        : deadlock_message(graph, edges, component, chain);
    finding.message += remarks(graph, component, certainty);
    finding.fingerprint = fingerprint(finding.verdict, std::move(identities));
    return {std::move(finding), std::move(component)};
}

}  // namespace

std::vector<GraphFinding> find_deadlocks(const WaitForGraph& graph) {
    std::vector<GraphFinding> found;
    std::vector<bool> taken(graph.node_count(), false);
    for (const Certainty certainty : {Certainty::kProved, Certainty::kLikely}) {
        const Edges edges = graph.edges(certainty);
        for (Component& component : strongly_connected_components(edges)) {
            const bool is_known =
                std::any_of(component.begin(), component.end(), [&](Node node) { return taken[node]; });
            if (component.size() == 1 || is_known) continue;
            for (const Node node : component) taken[node] = true;
            found.push_back(judge(graph, edges, std::move(component), certainty));
        }
    }
    return found;
}

}  // namespace analyze
