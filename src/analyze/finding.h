// SPDX-License-Identifier: Apache-2.0
//
// Snapshot to findings: verdicts of `interface.md`, each with its certainty. Total functions over
// plain values; no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace analyze {

/// Strongest first: a thread appears under the first that applies to it.
enum class Verdict {
    kDeadlock,
    kSelfDeadlock,
    kOrphanedLock,
    kLostWakeup,
    kAsleep,
    kBlocked,
    kAlive,
    kUnjoined,
    kLockOrder
};
enum class Certainty { kProved, kLikely, kPossible, kFact };

struct OrderEdge {
    snapshot::Object lock;
    snapshot::Object while_holding;
    snapshot::StackIndex stack = 0;
    snapshot::StackIndex held_stack = 0;
    uint32_t thread = 0;
};

struct Finding {
    Verdict verdict = Verdict::kBlocked;
    Certainty certainty = Certainty::kFact;
    std::vector<uint32_t> threads;  ///< deadlock: in the order of the chain, each waits for the next
    std::vector<uint32_t> behind;   ///< threads that only wait behind this finding
    std::string message;
    std::string fingerprint;  ///< 16 hex digits, stable over runs, rebuilds and line shifts
    std::optional<std::string> suppressed_by;
    std::vector<OrderEdge> order;
    bool order_by_class = false;  ///< what one order takes and the next one holds may be different locks of a class
};

/// So many threads wait for this.
struct WaitShare {
    snapshot::Object object;  ///< kThread without an address: they join
    size_t threads = 0;
};

/// One line of a tree of waits: who waits, directly, for something of `owner`.
struct Branch {
    size_t depth = 0;  ///< 0: `owner` is the root
    uint32_t owner = 0;
    snapshot::Object object;
    std::vector<uint32_t> waiters;
};

/// A thread that waits for no owner, and holds up others; see root_blockers.h.
struct RootBlocker {
    uint32_t thread = 0;
    std::vector<uint32_t> blocks;   ///< directly or through others; ascending
    std::vector<WaitShare> shares;  ///< what they wait for
    std::vector<Branch> tree;       ///< a branch, then those of its waiters
};

struct Counts {
    uint32_t threads = 0;
    uint32_t blocked = 0;
    uint32_t alive = 0;
    uint32_t unjoined = 0;
    uint32_t created_total = 0;
};

struct Analysis {
    std::vector<Finding> findings;  ///< strongest first
    /// Threads that wait behind a waiter, by that waiter: whoever signalled it before has exited, or is one.
    std::map<uint32_t, std::vector<uint32_t>> probable_cycles;
    std::vector<snapshot::Misuse> misuses;  ///< see misuse.h
    std::vector<RootBlocker> roots;         ///< most threads first; without those that a finding explains
    Counts counts;
    /// Every verdict that applies to a thread by proof or fact, not only the one it is shown under; likely
    /// findings are not in it, but those of lock order are, which are never more than possible. By thread id.
    std::map<uint32_t, std::set<Verdict>> applies;
};

/// Judges a symbolized snapshot. `held_longer_than`: seconds, from which on a held lock is told of.
Analysis analyze(const snapshot::Snapshot& snapshot, std::optional<double> held_longer_than = std::nullopt);

/// True when a verdict of `fail_on` applies to this thread, and to any.
bool fails(const Analysis& analysis, uint32_t thread, const std::set<Verdict>& fail_on);
bool fails(const Analysis& analysis, const std::set<Verdict>& fail_on);

/// Word of `interface.md`: "self-deadlock".
std::string_view word(Verdict verdict);
std::string_view word(Certainty certainty);
/// Empty for a word that names no verdict.
std::optional<Verdict> verdict_from_word(std::string_view word);
/// All of them, strongest first.
std::vector<std::string> verdict_words();

}  // namespace analyze
