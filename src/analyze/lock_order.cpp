// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "analyze/fingerprint.h"
#include "analyze/strongly_connected.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::LockOrder;
using snapshot::Mode;

constexpr size_t kMostFindings = 64;
constexpr size_t kMostSteps = 400'000;  ///< of the search for cycles of one length
constexpr size_t kToldLocks = 6;

using Path = std::vector<const LockOrder*>;
using Locks = std::set<uint64_t>;

bool is_read(const LockOrder& order) {
    return order.mode == Mode::kShared;
}

/// The lock that `before` takes is held by `after`: two readers do not keep each other out.
bool both_read(const LockOrder& before, const LockOrder& after) {
    return is_read(before) && after.held_mode == Mode::kShared;
}

/// What a thread has on this edge, and nobody else can have then.
std::vector<uint32_t> guards_of(const LockOrder& order) {
    std::vector<uint32_t> guards = order.gates;
    if (order.held_mode == Mode::kExclusive) guards.push_back(snapshot::gate_of(order.held));
    std::sort(guards.begin(), guards.end());
    return guards;
}

bool exclude_each_other(const LockOrder& left, const LockOrder& right) {
    const std::vector<uint32_t> a = guards_of(left);
    const std::vector<uint32_t> b = guards_of(right);
    std::vector<uint32_t> common;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
    return !common.empty();
}

bool is_of_one_thread(const Path& cycle) {
    const auto did = [](const LockOrder& order, uint32_t thread) {
        return order.thread == thread && order.other_thread == 0;
    };
    const uint32_t first = cycle.front()->thread;
    return std::all_of(cycle.begin(), cycle.end(), [&](const LockOrder* order) { return did(*order, first); });
}

bool can_happen(const Path& cycle) {
    if (is_of_one_thread(cycle) || both_read(*cycle.back(), *cycle.front())) return false;
    for (size_t left = 0; left < cycle.size(); ++left) {
        for (size_t right = left + 1; right < cycle.size(); ++right) {
            if (exclude_each_other(*cycle[left], *cycle[right])) return false;
        }
    }
    return true;
}

Locks locks_of(const Path& cycle) {
    Locks locks;
    for (const LockOrder* const order : cycle) locks.insert(order->held.address);
    return locks;
}

/// Cycles of one length, each from its lock of lowest number on, within one strongly connected component.
class OrderSearch {
public:
    explicit OrderSearch(const snapshot::Snapshot& snapshot, std::vector<Locks> known) : known_(std::move(known)) {
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
        component_.resize(successors_.size(), 0);
        size_t count = 0;
        for (const std::vector<Node>& component : strongly_connected_components(successors_)) {
            ++count;
            largest_ = std::max(largest_, component.size());
            for (const Node node : component) component_[node] = count;
        }
    }

    std::vector<Path> run() {
        const size_t longest = std::min(largest_, kLongestInversion);
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
            if (component_[next] != component_[start_] || (!path_.empty() && both_read(*path_.back(), *order)))
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
        if (std::any_of(known_.begin(), known_.end(), is_in) || !can_happen(path_)) return;
        known_.push_back(locks);
        found_.push_back(path_);
    }

    Edges successors_;
    std::vector<std::vector<const LockOrder*>> orders_;  ///< of each successor
    std::vector<size_t> component_;
    size_t largest_ = 0;
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

std::string message(const Path& cycle) {
    std::string text;
    for (size_t i = 0; i < cycle.size() && i < kToldLocks; ++i) text += object_words(cycle[i]->held) + " before ";
    if (cycle.size() > kToldLocks) text += "... before ";
    std::vector<uint32_t> threads;
    for (const LockOrder* const order : cycle) threads.push_back(order->thread);
    std::sort(threads.begin(), threads.end());
    threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
    return "locks are taken in opposite orders by " + thread_words(threads) + ": " + text +
           object_words(cycle.front()->held);
}

std::string identity_of(const snapshot::Snapshot& snapshot, const LockOrder& order) {
    const std::string taken = place_words(snapshot, order.stack, "");
    const std::string held = place_words(snapshot, order.held_stack, "");
    return order.held.name + "\n" + held + "\n" + order.lock.name + "\n" + taken;
}

Finding judge(const snapshot::Snapshot& snapshot, const Path& cycle) {
    Finding finding;
    finding.verdict = Verdict::kLockOrder;
    finding.certainty = Certainty::kPossible;
    std::set<uint32_t> threads;
    std::vector<std::string> identities;
    for (const LockOrder* const order : cycle) {
        threads.insert(order->thread);
        finding.order.push_back({order->lock, order->held, order->stack, order->held_stack, order->thread});
        identities.push_back(identity_of(snapshot, *order));
    }
    finding.threads.assign(threads.begin(), threads.end());
    finding.message = message(cycle);
    finding.fingerprint = fingerprint(finding.verdict, std::move(identities));
    return finding;
}

}  // namespace

std::vector<Finding> find_lock_orders(const snapshot::Snapshot& snapshot, const std::vector<Finding>& but) {
    if (snapshot.lock_orders.empty()) return {};
    std::vector<Locks> known;
    for (const Finding& finding : but) {
        if (finding.verdict == Verdict::kDeadlock) known.push_back(awaited_locks(snapshot, finding));
    }
    std::vector<Finding> findings;
    for (const Path& cycle : OrderSearch(snapshot, std::move(known)).run()) findings.push_back(judge(snapshot, cycle));
    return findings;
}

}  // namespace analyze
