// SPDX-License-Identifier: Apache-2.0
#include "analyze/root_blockers.h"

#include <algorithm>
#include <map>
#include <utility>

namespace analyze {

namespace {

using snapshot::LockKind;

class BlockerSearch {
public:
    BlockerSearch(const WaitForGraph& graph, const std::set<uint32_t>& but)
        : graph_(graph), edges_(graph.edges(Certainty::kPossible)), waiters_(reversed(edges_)) {
        visited_.resize(graph.node_count(), false);
        for (const uint32_t id : but) {
            if (const std::optional<Node> node = graph.node_of_thread(id)) visited_[*node] = true;
        }
    }

    std::vector<RootBlocker> run() {
        std::vector<RootBlocker> roots;
        for (Node node = 0; graph_.is_thread(node) && node < graph_.node_count(); ++node) {
            if (visited_[node] || !edges_[node].empty() || waiters_[node].empty()) continue;
            if (graph_.thread(node).finished) continue;
            RootBlocker root = tree_of(node);
            if (!root.blocks.empty()) roots.push_back(std::move(root));
        }
        std::stable_sort(roots.begin(), roots.end(), [](const RootBlocker& left, const RootBlocker& right) {
            return left.blocks.size() > right.blocks.size();
        });
        return roots;
    }

private:
    struct Step {
        Node owner;
        size_t depth;
    };

    RootBlocker tree_of(Node top) {
        RootBlocker root;
        root.thread = graph_.thread(top).id;
        visited_[top] = true;
        std::vector<Step> open{{top, 0}};
        while (!open.empty()) {
            const Step step = open.back();
            open.pop_back();
            std::vector<Node> next;
            for (const Node awaited : waiters_[step.owner]) add_branch(root, step, awaited, next);
            for (auto node = next.rbegin(); node != next.rend(); ++node) open.push_back({*node, step.depth + 1});
        }
        std::sort(root.blocks.begin(), root.blocks.end());
        root.shares = wait_shares(graph_.snapshot(), root.blocks);
        return root;
    }

    /// `next` gets those of the waiters that others wait for in turn.
    void add_branch(RootBlocker& root, const Step& step, Node awaited, std::vector<Node>& next) {
        Branch branch{step.depth, graph_.thread(step.owner).id, graph_.awaited(awaited).object, {}};
        for (const Node waiter : waiters_[awaited]) {
            if (visited_[waiter]) continue;
            visited_[waiter] = true;
            branch.waiters.push_back(graph_.thread(waiter).id);
            if (!waiters_[waiter].empty()) next.push_back(waiter);
        }
        if (branch.waiters.empty()) return;
        root.blocks.insert(root.blocks.end(), branch.waiters.begin(), branch.waiters.end());
        root.tree.push_back(std::move(branch));
    }

    const WaitForGraph& graph_;
    const Edges edges_;
    const Edges waiters_;
    std::vector<bool> visited_;
};

}  // namespace

std::vector<WaitShare> wait_shares(const snapshot::Snapshot& snapshot, const std::vector<uint32_t>& threads) {
    std::map<std::pair<LockKind, uint64_t>, WaitShare> shares;
    for (const uint32_t id : threads) {
        const snapshot::Thread* const thread = snapshot::find_thread(snapshot, id);
        if (thread == nullptr || !thread->wait) continue;
        const bool is_join = thread->wait->object.kind == LockKind::kThread || !thread->wait->members.empty();
        snapshot::Object object = thread->wait->object;
        if (is_join) object = {LockKind::kThread, 0, {}, {}};
        WaitShare& share = shares.try_emplace({object.kind, object.address}, WaitShare{object, 0}).first->second;
        ++share.threads;
    }
    std::vector<WaitShare> sorted;
    for (auto& [key, share] : shares) sorted.push_back(std::move(share));
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const WaitShare& left, const WaitShare& right) { return left.threads > right.threads; });
    return sorted;
}

std::vector<RootBlocker> find_root_blockers(const WaitForGraph& graph, const std::set<uint32_t>& but) {
    return BlockerSearch(graph, but).run();
}

}  // namespace analyze
