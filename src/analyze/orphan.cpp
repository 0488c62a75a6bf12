// SPDX-License-Identifier: Apache-2.0
#include "analyze/orphan.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "analyze/fingerprint.h"
#include "analyze/language_runtimes.h"
#include "analyze/owner_index.h"
#include "analyze/remarks.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::LockKind;

struct Orphan {
    snapshot::Object lock;
    std::vector<Owner> owners;  ///< dead ones, ascending
    std::vector<Node> awaited;
    std::vector<Node> waiters;  ///< seen at rest
    bool is_fact = false;       ///< never released, whoever waits for it
    Certainty certainty = Certainty::kFact;
};

bool is_shared(const Owner& owner) {
    return owner.hold != nullptr && owner.hold->mode == snapshot::Mode::kShared;
}

bool can_be_abandoned(LockKind kind) {
    return kind == LockKind::kMutex || kind == LockKind::kRwlock || kind == LockKind::kSpin ||
           kind == LockKind::kCustom;
}

class OrphanSearch {
public:
    OrphanSearch(const WaitForGraph& graph, const std::set<uint32_t>& taken) : graph_(graph), taken_(taken) {}

    void add_awaited() {
        for (size_t index = 0; index < graph_.awaited().size(); ++index) {
            const Awaited& awaited = graph_.awaited()[index];
            const std::vector<Owner> dead = dead_owners(awaited.owners);
            if (dead.empty() || outlives_owner(awaited.object)) continue;
            Orphan& orphan = orphan_of(awaited.object);
            if (orphan.owners.size() < dead.size()) orphan.owners = dead;
            orphan.awaited.push_back(graph_.node_of_awaited(index));
            const Certainty owned = certainty_of(dead);
            for (const Node waiter : awaited.waiters) add_waiter(orphan, awaited, waiter, owned);
        }
    }

    void add_abandoned() {
        const OwnerIndex index(graph_.snapshot());
        std::set<Key> judged;
        for (const snapshot::Thread& thread : graph_.snapshot().threads) {
            if (!thread.finished || thread.presumed) continue;
            for (const snapshot::Hold& hold : thread.holds) {
                if (is_runtime_hold(graph_.snapshot(), thread, hold)) continue;
                if (!can_be_abandoned(hold.lock.kind) || !judged.insert(key_of(hold.lock)).second) continue;
                const std::vector<Owner> dead = dead_owners(index.holders(hold.lock).owners);
                if (std::all_of(dead.begin(), dead.end(), [](const Owner& owner) { return owner.in_doubt; })) continue;
                if (!is_plausible(hold.lock, dead)) continue;
                Orphan& orphan = orphan_of(hold.lock);
                orphan.owners = dead;
                orphan.is_fact = true;
            }
        }
    }

    std::vector<Orphan> take() {
        std::vector<Orphan> found;
        for (auto& [key, orphan] : orphans_) {
            if (orphan.is_fact || !orphan.waiters.empty()) found.push_back(std::move(orphan));
        }
        return found;
    }

private:
    using Key = std::pair<uint64_t, LockKind>;

    static Key key_of(const snapshot::Object& lock) { return {lock.address, lock.kind}; }

    Orphan& orphan_of(const snapshot::Object& lock) {
        Orphan& orphan = orphans_[key_of(lock)];
        orphan.lock = lock;
        return orphan;
    }

    /// Nobody waits, so the recording alone speaks: against it count the lock's own memory, where that
    /// could be read, and that nobody shares an exclusive lock. It may have been freed meanwhile.
    bool is_plausible(const snapshot::Object& lock, const std::vector<Owner>& dead) const {
        const auto is_exclusive = [](const Owner& owner) { return !is_shared(owner); };
        if (dead.size() > 1 && std::any_of(dead.begin(), dead.end(), is_exclusive)) return false;
        const auto memory = graph_.snapshot().lock_memory.find(lock.address);
        if (memory == graph_.snapshot().lock_memory.end() || dead.empty() || is_shared(dead.front())) return true;
        const snapshot::Thread* const owner = snapshot::find_thread(graph_.snapshot(), dead.front().thread);
        return owner != nullptr && memory->second.owner_tid == owner->tid;
    }

    /// Its owner has ended but a moment ago: the next one is about to be given the lock.
    bool outlives_owner(const snapshot::Object& lock) const {
        const auto memory = graph_.snapshot().lock_memory.find(lock.address);
        return memory != graph_.snapshot().lock_memory.end() && memory->second.outlives_owner;
    }

    /// Dead owners that keep the lock from whoever wants it; empty when a live one will let go. A
    /// dead reader is enough, even beside live ones.
    std::vector<Owner> dead_owners(const std::vector<Owner>& owners) const {
        std::vector<Owner> dead;
        for (const Owner& owner : owners) {
            const snapshot::Thread* const thread = snapshot::find_thread(graph_.snapshot(), owner.thread);
            if (thread != nullptr && thread->finished && graph_.certainty_of_owner(owner)) dead.push_back(owner);
        }
        const bool has_reader = std::any_of(dead.begin(), dead.end(), is_shared);
        return dead.size() == owners.size() || has_reader ? dead : std::vector<Owner>();
    }

    /// One sure owner is enough.
    Certainty certainty_of(const std::vector<Owner>& owners) const {
        Certainty best = Certainty::kLikely;
        for (const Owner& owner : owners) best = std::min(best, *graph_.certainty_of_owner(owner));
        return best;
    }

    void add_waiter(Orphan& orphan, const Awaited& awaited, Node waiter, Certainty owned) {
        if (is_kept_by_end(graph_.snapshot(), graph_.thread(waiter))) return;
        const Certainty wait = graph_.certainty_of_wait(waiter, awaited);
        if (wait == Certainty::kPossible || taken_.count(graph_.thread(waiter).id) > 0) return;
        const Certainty certainty = std::max(wait, owned);
        orphan.certainty = orphan.waiters.empty() ? certainty : std::min(orphan.certainty, certainty);
        orphan.waiters.push_back(waiter);
    }

    const WaitForGraph& graph_;
    const std::set<uint32_t>& taken_;
    std::map<Key, Orphan> orphans_;
};

std::string message(const Orphan& orphan, const std::vector<uint32_t>& owners, const std::vector<uint32_t>& waiters) {
    const std::string took = thread_words(owners) + " took ";
    const std::string gone = ": " + (owners.size() == 1 ? thread_words(owners) + " has exited" : "they have exited");
    const std::string lock = object_words(orphan.lock);
    if (waiters.empty()) return took + lock + " and never released it" + gone;
    const std::string wait = waiters.size() == 1 ? " waits for " : " wait for ";
    return thread_words(waiters) + wait + lock + ", which " + took + "and never released" + gone;
}

GraphFinding judge(const WaitForGraph& graph, const Orphan& orphan) {
    std::vector<Node> nodes = orphan.awaited;
    nodes.insert(nodes.end(), orphan.waiters.begin(), orphan.waiters.end());
    std::vector<uint32_t> owners;
    std::vector<std::string> identities;
    for (const Owner& owner : orphan.owners) {
        const Node node = *graph.node_of_thread(owner.thread);
        nodes.push_back(node);
        owners.push_back(owner.thread);
        const snapshot::StackIndex acquired_at = owner.hold == nullptr ? 0 : owner.hold->acquired_at;
        identities.push_back(identity(graph.snapshot(), graph.thread(node), orphan.lock, acquired_at));
    }
    std::vector<uint32_t> waiters;
    for (const Node waiter : orphan.waiters) waiters.push_back(graph.thread(waiter).id);
    std::sort(waiters.begin(), waiters.end());
    std::sort(nodes.begin(), nodes.end());

    Finding finding;
    finding.verdict = Verdict::kOrphanedLock;
    finding.certainty = orphan.certainty;
    finding.threads = owners;
    finding.threads.insert(finding.threads.end(), waiters.begin(), waiters.end());
    finding.message = message(orphan, owners, waiters) + remarks(graph, nodes, orphan.certainty);
    finding.fingerprint = fingerprint(finding.verdict, std::move(identities));
    return {std::move(finding), std::move(nodes)};
}

}  // namespace

std::vector<GraphFinding> find_orphaned_locks(const WaitForGraph& graph, const std::set<uint32_t>& taken,
                                              bool has_ended) {
    OrphanSearch search(graph, taken);
    search.add_awaited();
    if (has_ended) search.add_abandoned();
    std::vector<GraphFinding> found;
    for (const Orphan& orphan : search.take()) found.push_back(judge(graph, orphan));
    return found;
}

}  // namespace analyze
