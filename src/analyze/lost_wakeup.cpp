// SPDX-License-Identifier: Apache-2.0
#include "analyze/lost_wakeup.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "analyze/fingerprint.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::Thread;

bool has_lost_wakeup(const snapshot::Snapshot& snapshot, const Thread& thread) {
    if (thread.state != snapshot::State::kConditionWait || thread.timed || thread.finished || !thread.wait)
        return false;
    if (thread.torn || thread.last_recorded || !(thread.settled || snapshot.process.at_rest)) return false;
    // What may have been signalled since was not lost.
    return thread.wait->missed_signal && !thread.wait->signal_unknown;
}

Finding judge(const snapshot::Snapshot& snapshot, const std::vector<const Thread*>& waiters) {
    const snapshot::Wait& wait = *waiters.front()->wait;
    Finding finding;
    finding.verdict = Verdict::kLostWakeup;
    finding.certainty = Certainty::kLikely;
    std::vector<std::string> identities;
    for (const Thread* const thread : waiters) {
        finding.threads.push_back(thread->id);
        identities.push_back(identity(snapshot, *thread));
    }
    const bool is_one = waiters.size() == 1;
    finding.message = thread_words(finding.threads) + (is_one ? " waits" : " wait") + " for " +
                      object_words(wait.object) + ", whose last signal, by " + thread_words(wait.last_signal->thread) +
                      place_words(snapshot, wait.last_signal->stack, " at ") + ", came after " +
                      (is_one ? "it" : "they") + " had locked " + object_words(wait.mutex) + " and before " +
                      (is_one ? "it" : "they") + " began to wait";
    finding.fingerprint = fingerprint(finding.verdict, std::move(identities));
    return finding;
}

/// Threads that wait for this one, directly or through others.
std::set<uint32_t> threads_behind(const WaitForGraph& graph, const Edges& waiters, Node top) {
    std::set<uint32_t> behind;
    std::vector<Node> open{top};
    std::set<Node> visited{top};
    while (!open.empty()) {
        const Node node = open.back();
        open.pop_back();
        for (const Node next : waiters[node]) {
            if (!visited.insert(next).second) continue;
            if (graph.is_thread(next)) behind.insert(graph.thread(next).id);
            open.push_back(next);
        }
    }
    return behind;
}

bool is_gone(const snapshot::Snapshot& snapshot, const snapshot::Signaller& signaller) {
    const Thread* const thread = snapshot::find_thread(snapshot, signaller.thread);
    return signaller.exited || thread == nullptr || thread->finished;
}

}  // namespace

std::vector<Finding> find_lost_wakeups(const snapshot::Snapshot& snapshot, const std::set<uint32_t>& taken) {
    std::map<uint64_t, std::vector<const Thread*>> by_condition;
    for (const Thread& thread : snapshot.threads) {
        if (taken.count(thread.id) == 0 && has_lost_wakeup(snapshot, thread) && thread.wait->last_signal)
            by_condition[thread.wait->object.address].push_back(&thread);
    }
    std::vector<Finding> findings;
    for (const auto& [condition, waiters] : by_condition) findings.push_back(judge(snapshot, waiters));
    return findings;
}

namespace {

/// A count only falls while somebody waits for its end; what does not fit is no count.
std::optional<size_t> missing_of_count(const snapshot::Wait& wait) {
    if (!wait.counts_down || !wait.value || !wait.expected) return std::nullopt;
    const bool fits = *wait.value > 0 && *wait.value <= *wait.expected;
    return fits ? std::optional<size_t>(*wait.value) : std::nullopt;
}

}  // namespace

std::optional<size_t> missing_parties(const snapshot::Snapshot& snapshot, const Thread& thread) {
    if (thread.wait && thread.wait->counts_down) return missing_of_count(*thread.wait);
    if (!thread.wait || !thread.wait->parties || thread.state != snapshot::State::kBarrier) return std::nullopt;
    const auto is_there = [&](const Thread& other) {
        return other.state == snapshot::State::kBarrier && other.wait &&
               other.wait->object.address == thread.wait->object.address;
    };
    const auto there = static_cast<size_t>(std::count_if(snapshot.threads.begin(), snapshot.threads.end(), is_there));
    if (there >= *thread.wait->parties) return std::nullopt;
    return *thread.wait->parties - there;
}

std::map<uint32_t, std::vector<uint32_t>> find_probable_cycles(const WaitForGraph& graph) {
    std::map<uint32_t, std::vector<uint32_t>> cycles;
    const Edges waiters = reversed(graph.edges(Certainty::kPossible));
    for (Node node = 0; graph.is_thread(node) && node < graph.node_count(); ++node) {
        const Thread& thread = graph.thread(node);
        const bool can_be_signalled = snapshot::is_blocked(thread) && thread.wait && !thread.wait->signallers.empty();
        if (!can_be_signalled || waiters[node].empty() || thread.wait->signal_unknown) continue;
        const std::set<uint32_t> behind = threads_behind(graph, waiters, node);
        std::vector<uint32_t> stuck;
        const auto is_no_help = [&](const snapshot::Signaller& signaller) {
            if (behind.count(signaller.thread) > 0) stuck.push_back(signaller.thread);
            return behind.count(signaller.thread) > 0 || is_gone(graph.snapshot(), signaller);
        };
        const std::vector<snapshot::Signaller>& signallers = thread.wait->signallers;
        if (!std::all_of(signallers.begin(), signallers.end(), is_no_help) || stuck.empty()) continue;
        std::sort(stuck.begin(), stuck.end());
        cycles.emplace(thread.id, std::move(stuck));
    }
    return cycles;
}

}  // namespace analyze
