// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>
#include <utility>

#include "analyze/asleep.h"
#include "analyze/deadlock.h"
#include "analyze/finding.h"
#include "analyze/followers.h"
#include "analyze/leftover.h"
#include "analyze/lock_order.h"
#include "analyze/lost_wakeup.h"
#include "analyze/misuse.h"
#include "analyze/orphan.h"
#include "analyze/root_blockers.h"
#include "analyze/wait_for_graph.h"

namespace analyze {

namespace {

void append(std::vector<GraphFinding>& all, std::vector<GraphFinding> more, std::set<uint32_t>& taken) {
    for (GraphFinding& found : more) {
        taken.insert(found.finding.threads.begin(), found.finding.threads.end());
        all.push_back(std::move(found));
    }
}

bool is_stronger(const Finding& left, const Finding& right) {
    return std::tie(left.verdict, left.certainty, left.threads, left.message) <
           std::tie(right.verdict, right.certainty, right.threads, right.message);
}

/// What the graph shows, with its followers; `taken` gets all their threads.
std::vector<Finding> find_stuck(const WaitForGraph& graph, bool has_ended, std::set<uint32_t>& taken) {
    std::vector<GraphFinding> found;
    append(found, find_deadlocks(graph), taken);
    append(found, find_orphaned_locks(graph, taken, has_ended), taken);
    std::sort(found.begin(), found.end(), [](const GraphFinding& left, const GraphFinding& right) {
        return is_stronger(left.finding, right.finding);
    });
    add_followers(graph, found, taken);
    std::vector<Finding> findings;
    findings.reserve(found.size());
    for (GraphFinding& one : found) findings.push_back(std::move(one.finding));
    return findings;
}

/// For a process in which nothing stronger was found.
void add_asleep(const snapshot::Snapshot& snapshot, std::vector<Finding>& findings, std::set<uint32_t>& taken) {
    std::optional<Finding> asleep = find_asleep(snapshot);
    if (!asleep) return;
    taken.insert(asleep->threads.begin(), asleep->threads.end());
    findings.push_back(std::move(*asleep));
}

Counts count(const snapshot::Snapshot& snapshot, bool has_ended) {
    Counts counts;
    counts.created_total = snapshot.created_total;
    for (const snapshot::Thread& thread : snapshot.threads) {
        const bool is_gone = thread.finished && (thread.joined || thread.detached.value_or(true));
        if (!is_gone) ++counts.threads;
        if (is_unjoined(thread)) ++counts.unjoined;
        if (thread.finished || (has_ended && thread.ends_process)) continue;
        ++(snapshot::is_blocked(thread) && !thread.ends_process ? counts.blocked : counts.alive);
    }
    return counts;
}

std::map<uint32_t, std::set<Verdict>> verdicts_by_thread(const snapshot::Snapshot& snapshot,
                                                         const std::vector<Finding>& findings, bool has_ended) {
    std::map<uint32_t, std::set<Verdict>> applies;
    for (const Finding& finding : findings) {
        const bool counts = finding.certainty == Certainty::kProved || finding.certainty == Certainty::kFact ||
                            finding.verdict == Verdict::kLockOrder;
        if (!counts) continue;
        for (const uint32_t thread : finding.threads) applies[thread].insert(finding.verdict);
    }
    if (!has_ended) return applies;
    for (const snapshot::Thread& thread : snapshot.threads) {
        const std::optional<Verdict> fact = leftover_verdict(snapshot, thread);
        if (fact) applies[thread.id].insert(*fact);
    }
    return applies;
}

}  // namespace

Analysis analyze(const snapshot::Snapshot& snapshot, std::optional<double> held_longer_than) {
    const bool has_ended = is_end_of_process(snapshot.process.reason);
    Analysis analysis;
    std::set<uint32_t> taken;
    const WaitForGraph graph(snapshot);
    analysis.findings = find_stuck(graph, has_ended, taken);
    analysis.roots = find_root_blockers(graph, taken);
    for (Finding& finding : find_lost_wakeups(snapshot, taken)) {
        taken.insert(finding.threads.begin(), finding.threads.end());
        analysis.findings.push_back(std::move(finding));
    }
    analysis.probable_cycles = find_probable_cycles(graph);
    if (analysis.findings.empty()) add_asleep(snapshot, analysis.findings, taken);
    if (has_ended || snapshot.process.reason == snapshot::Reason::kWatch) {
        for (Finding& finding : find_leftovers(snapshot, taken)) analysis.findings.push_back(std::move(finding));
    }
    for (Finding& finding : find_lock_orders(snapshot, analysis.findings))
        analysis.findings.push_back(std::move(finding));
    std::sort(analysis.findings.begin(), analysis.findings.end(), is_stronger);
    analysis.misuses = find_misuses(snapshot, held_longer_than);
    analysis.counts = count(snapshot, has_ended);
    analysis.applies = verdicts_by_thread(snapshot, analysis.findings, has_ended);
    return analysis;
}

bool fails(const Analysis& analysis, uint32_t thread, const std::set<Verdict>& fail_on) {
    const auto applies = analysis.applies.find(thread);
    return applies != analysis.applies.end() && std::any_of(applies->second.begin(), applies->second.end(),
                                                            [&](Verdict verdict) { return fail_on.contains(verdict); });
}

bool fails(const Analysis& analysis, const std::set<Verdict>& fail_on) {
    return std::any_of(analysis.applies.begin(), analysis.applies.end(),
                       [&](const auto& entry) { return fails(analysis, entry.first, fail_on); });
}

}  // namespace analyze
