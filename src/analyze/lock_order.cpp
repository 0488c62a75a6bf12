// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "analyze/fingerprint.h"
#include "analyze/lock_class_order.h"
#include "analyze/lock_classes.h"
#include "analyze/lock_order_rules.h"
#include "analyze/lock_turns.h"
#include "analyze/strongly_connected.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::LockOrder;

constexpr size_t kMostFindings = 64;
constexpr size_t kMostSteps = 400'000;  ///< of the search for cycles of one length
constexpr size_t kToldLocks = 6;

using Path = OrderRing;
using Locks = std::set<uint64_t>;

Locks locks_of(const Path& cycle) {
    Locks locks;
    for (const LockOrder* const order : cycle) locks.insert(order->held.address);
    return locks;
}

/// Cycles of one length, each from its lock of lowest number on, within one strongly connected component.
class OrderSearch {
public:
    explicit OrderSearch(const snapshot::Snapshot& snapshot, std::vector<Locks> known)
        : turns_(snapshot), known_(std::move(known)) {
        std::map<uint64_t, Node> numbers;
        const auto number_of = [&](uint64_t address) {
            return numbers.try_emplace(address, static_cast<Node>(numbers.size())).first->second;
        };
        for (const LockOrder& order : snapshot.lock_orders) {
            if (order.gates_unknown || order.held.address == order.lock.address) continue;
            const Node held = number_of(order.held.address);
            const Node lock = number_of(order.lock.address);
            successors_.resize(numbers.size());
            orders_.resize(numbers.size());
            successors_[held].push_back(lock);
            orders_[held].push_back(&order);
        }
        components_ = numbered_components(successors_);
    }

    std::vector<Path> run() {
        const size_t longest = std::min(components_.largest, kLongestInversion);
        for (length_ = 2; length_ <= longest; ++length_) {
            steps_ = 0;
            for (Node start = 0; start < successors_.size(); ++start) {
                start_ = start;
                on_path_.assign(1, start);
                walk(start);
            }
        }
        return std::move(found_);
    }

private:
    bool is_done() const { return found_.size() >= kMostFindings || steps_ >= kMostSteps; }

    void walk(Node node) {
        for (size_t i = 0; i < successors_[node].size() && !is_done(); ++i) {
            const Node next = successors_[node][i];
            const LockOrder* const order = orders_[node][i];
            ++steps_;
            if (components_.of[next] != components_.of[start_] || (!path_.empty() && both_read(*path_.back(), *order)))
                continue;
            const bool is_last = path_.size() + 1 == length_;
            if (is_last != (next == start_) || next < start_) continue;
            if (!is_last && std::find(on_path_.begin(), on_path_.end(), next) != on_path_.end()) continue;
            path_.push_back(order);
            if (is_last) {
                close();
            } else {
                on_path_.push_back(next);
                walk(next);
                on_path_.pop_back();
            }
            path_.pop_back();
        }
    }

    void close() {
        const Locks locks = locks_of(path_);
        const auto is_in = [&](const Locks& known) {
            return std::includes(locks.begin(), locks.end(), known.begin(), known.end());
        };
        if (walked_.contains(locks) || std::any_of(known_.begin(), known_.end(), is_in) || !can_happen(path_)) return;
        if (turns_.is_walked(path_)) {
            walked_.insert(locks);
            return;
        }
        known_.push_back(locks);
        found_.push_back(path_);
    }

    Edges successors_;
    std::vector<std::vector<const LockOrder*>> orders_;  ///< of each successor
    NumberedComponents components_;
    LockTurns turns_;
    std::set<Locks> walked_;
    std::vector<Locks> known_;
    std::vector<Path> found_;
    size_t length_ = 0;
    size_t steps_ = 0;
    Node start_ = 0;
    Path path_;
    std::vector<Node> on_path_;
};

/// What the threads of a deadlock wait for within it.
Locks awaited_locks(const snapshot::Snapshot& snapshot, const Finding& finding) {
    Locks locks;
    for (const uint32_t id : finding.threads) {
        const snapshot::Thread* const thread = snapshot::find_thread(snapshot, id);
        if (thread != nullptr && thread->wait) locks.insert(thread->wait->object.address);
    }
    return locks;
}

/// Where one has done all, another one that did some of it, too, is the one that it may meet.
std::vector<uint32_t> threads_of(const Path& cycle) {
    std::vector<uint32_t> threads;
    for (const LockOrder* const order : cycle) threads.push_back(order->thread);
    const auto is_other = [](const LockOrder* order) { return order->other_thread != 0; };
    const auto other = std::find_if(cycle.begin(), cycle.end(), is_other);
    const bool is_one = std::count(threads.begin(), threads.end(), threads.front()) == std::ssize(threads);
    if (is_one && other != cycle.end()) threads.push_back((*other)->other_thread);
    std::sort(threads.begin(), threads.end());
    threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
    return threads;
}

std::string message(const Path& cycle) {
    std::string text;
    for (size_t i = 0; i < cycle.size() && i < kToldLocks; ++i) text += object_words(cycle[i]->held) + " before ";
    if (cycle.size() > kToldLocks) text += "... before ";
    return "locks are taken in opposite orders by " + thread_words(threads_of(cycle)) + ": " + text +
           object_words(cycle.front()->held);
}

/// The facts, and which of the locks are of one class: what an order takes, and what the next one holds.
std::string class_message(const snapshot::Snapshot& snapshot, const Path& ring) {
    std::vector<std::string> orders;
    std::vector<std::string> classes;
    for (size_t i = 0; i < ring.size() && i < kToldLocks; ++i) {
        const LockOrder& order = *ring[i];
        const LockOrder& next = *ring[(i + 1) % ring.size()];
        orders.push_back(object_words(order.held) + " before " + object_words(order.lock));
        if (order.lock.address == next.held.address) continue;
        const std::string made = place_words(snapshot, order.made_at, ", as both were made at ");
        const bool is_so_made =
            !made.empty() && made == place_words(snapshot, next.held_made_at, ", as both were made at ");
        classes.push_back(object_words(order.lock) + " is of the class of " + object_words(next.held) +
                          (is_so_made ? made : ""));
    }
    if (ring.size() > kToldLocks) orders.emplace_back("others");
    return "locks of the same classes, though not the same locks, are taken in opposite orders by " +
           thread_words(threads_of(ring)) + ": " + listing(orders) + "; " + listing(classes);
}

std::string identity_of(const snapshot::Snapshot& snapshot, const LockOrder& order, bool by_class) {
    const auto name_of = [by_class](const snapshot::Object& lock) {
        return by_class ? class_name(lock.name) : lock.name;
    };
    const std::string taken = place_words(snapshot, order.stack, "");
    const std::string held = place_words(snapshot, order.held_stack, "");
    return (by_class ? "class\n" : "") + name_of(order.held) + "\n" + held + "\n" + name_of(order.lock) + "\n" + taken;
}

Finding judge(const snapshot::Snapshot& snapshot, const Path& cycle, bool by_class) {
    Finding finding;
    finding.verdict = Verdict::kLockOrder;
    finding.certainty = Certainty::kPossible;
    std::vector<std::string> identities;
    for (const LockOrder* const order : cycle) {
        finding.order.push_back({order->lock, order->held, order->stack, order->held_stack, order->thread});
        identities.push_back(identity_of(snapshot, *order, by_class));
    }
    finding.order_by_class = by_class;
    finding.threads = threads_of(cycle);
    finding.message = by_class ? class_message(snapshot, cycle) : message(cycle);
    finding.fingerprint = fingerprint(finding.verdict, std::move(identities));
    return finding;
}

bool have_common(const Locks& left, const Locks& right) {
    return std::any_of(left.begin(), left.end(), [&](uint64_t lock) { return right.contains(lock); });
}

}  // namespace

std::vector<Finding> find_lock_orders(const snapshot::Snapshot& snapshot, const std::vector<Finding>& but) {
    if (snapshot.lock_orders.empty()) return {};
    std::vector<Locks> known;
    for (const Finding& finding : but) {
        if (finding.verdict == Verdict::kDeadlock) known.push_back(awaited_locks(snapshot, finding));
    }
    std::vector<Finding> findings;
    const std::vector<Path> cycles = OrderSearch(snapshot, known).run();
    for (const Path& cycle : cycles) findings.push_back(judge(snapshot, cycle, false));
    for (const Path& ring : find_class_rings(snapshot, cycles)) {
        const Locks locks = locks_of(ring);
        const bool has_happened =
            std::any_of(known.begin(), known.end(), [&](const Locks& awaited) { return have_common(awaited, locks); });
        if (!has_happened) findings.push_back(judge(snapshot, ring, true));
    }
    return findings;
}

}  // namespace analyze
