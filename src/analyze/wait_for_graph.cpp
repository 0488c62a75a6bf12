// SPDX-License-Identifier: Apache-2.0
#include "analyze/wait_for_graph.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "analyze/owner_index.h"

namespace analyze {

namespace {

using snapshot::LockKind;
using snapshot::State;
using Part = Awaited::Part;

Part part_of(const snapshot::Thread& thread) {
    if (thread.state == State::kJoin) return Part::kEnd;
    const bool reads = thread.state == State::kRwlockRead || thread.wait->wants_shared;
    return reads ? Part::kWriter : Part::kHolders;
}

OwnerIndex::Owners owners_of(const OwnerIndex& index, const Awaited& awaited) {
    switch (awaited.part) {
        case Part::kHolders: return index.holders(awaited.object);
        case Part::kWriter: return index.writer(awaited.object);
        case Part::kQueue: return index.queued_writers(awaited.object);
        case Part::kEnd: return index.joined(awaited.joined);
    }
    return {};
}

/// In the threads of a process, each with at most two things that it waits for.
class Collector {
public:
    explicit Collector(const snapshot::Snapshot& snapshot) : index_(snapshot) {}

    void add(Node waiter, const snapshot::Thread& thread) {
        const LockKind kind = awaited_kind(thread.state);
        if (kind == LockKind::kUnknown || thread.timed || thread.finished || thread.last_recorded || !thread.wait)
            return;
        Awaited awaited;
        awaited.part = part_of(thread);
        awaited.object = thread.wait->object;
        awaited.object.kind = kind;
        if (kind == LockKind::kThread) awaited.joined = thread.wait->joins.value_or(0);
        add_waiter(waiter, awaited);
        if (thread.state == State::kRwlockRead && thread.wait->prefers_writers) {
            awaited.part = Part::kQueue;
            add_waiter(waiter, awaited);
        }
    }

    std::vector<Awaited> take() { return std::move(awaited_); }

private:
    void add_waiter(Node waiter, const Awaited& wanted) {
        const uint64_t which = wanted.part == Part::kEnd ? wanted.joined : wanted.object.address;
        const auto [entry, is_new] = known_.try_emplace({wanted.part, wanted.object.kind, which}, awaited_.size());
        if (is_new) {
            awaited_.push_back(wanted);
            OwnerIndex::Owners found = owners_of(index_, wanted);
            awaited_.back().owners = std::move(found.owners);
            awaited_.back().overruled = std::move(found.overruled);
        }
        awaited_[entry->second].waiters.push_back(waiter);
    }

    OwnerIndex index_;
    std::vector<Awaited> awaited_;
    std::map<std::tuple<Part, LockKind, uint64_t>, size_t> known_;
};

}  // namespace

WaitForGraph::WaitForGraph(const snapshot::Snapshot& snapshot) : snapshot_(snapshot) {
    Collector collector(snapshot);
    for (Node node = 0; node < snapshot.threads.size(); ++node) collector.add(node, snapshot.threads[node]);
    awaited_ = collector.take();
    for (Awaited& awaited : awaited_) awaited.foreign_unlocked = was_foreign_unlocked(awaited.object);
}

bool WaitForGraph::was_foreign_unlocked(const snapshot::Object& object) const {
    switch (object.kind) {
        case LockKind::kMutex:
        case LockKind::kRwlock:
        case LockKind::kSpin:
        case LockKind::kCustom:
            return snapshot_.any_lock_foreign_unlocked ||
                   std::binary_search(snapshot_.foreign_unlocked.begin(), snapshot_.foreign_unlocked.end(),
                                      object.address);
        case LockKind::kUnknown:
        case LockKind::kOnce:
        case LockKind::kCondition:
        case LockKind::kSemaphore:
        case LockKind::kBarrier:
        case LockKind::kThread:
        case LockKind::kFutex:
        case LockKind::kFile: return false;
    }
    return false;
}

std::optional<Node> WaitForGraph::node_of_thread(uint32_t id) const {
    const snapshot::Thread* const thread = snapshot::find_thread(snapshot_, id);
    if (thread == nullptr) return std::nullopt;
    return static_cast<Node>(thread - snapshot_.threads.data());
}

Certainty WaitForGraph::certainty_of_wait(Node waiter, const Awaited& awaited) const {
    const snapshot::Thread& thread = snapshot_.threads[waiter];
    if (!thread.settled && !snapshot_.process.at_rest) return Certainty::kPossible;
    return thread.torn || awaited.foreign_unlocked ? Certainty::kLikely : Certainty::kProved;
}

std::optional<Certainty> WaitForGraph::certainty_of_owner(const Owner& owner) const {
    const snapshot::Thread* const thread = snapshot::find_thread(snapshot_, owner.thread);
    const bool may_own = !owner.in_doubt || owner.queued || owner.of_readers || snapshot_.process.at_rest;
    if (thread == nullptr || !may_own) return std::nullopt;
    return owner.in_doubt || thread->torn || thread->presumed ? Certainty::kLikely : Certainty::kProved;
}

Edges WaitForGraph::edges(Certainty weakest) const {
    Edges edges(node_count());
    for (size_t index = 0; index < awaited_.size(); ++index) {
        const Awaited& awaited = awaited_[index];
        const Node node = node_of_awaited(index);
        for (const Node waiter : awaited.waiters) {
            if (certainty_of_wait(waiter, awaited) <= weakest) edges[waiter].push_back(node);
        }
        for (const Owner& owner : awaited.owners) {
            const std::optional<Certainty> certainty = certainty_of_owner(owner);
            if (certainty && *certainty <= weakest) edges[node].push_back(*node_of_thread(owner.thread));
        }
    }
    return edges;
}

}  // namespace analyze
