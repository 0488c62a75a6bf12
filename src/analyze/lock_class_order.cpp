// SPDX-License-Identifier: Apache-2.0
#include "analyze/lock_class_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "analyze/lock_classes.h"
#include "analyze/lock_order.h"
#include "analyze/strongly_connected.h"

namespace analyze {

namespace {

using snapshot::LockOrder;
using snapshot::Mode;

constexpr size_t kMostClassFindings = 32;
constexpr size_t kMostClassSteps = 200'000;  ///< of the search for rings of one length
constexpr uint64_t kMostDistance = 1024;     ///< between locks of one object
constexpr size_t kMostAlike = 16;            ///< orders of the same places that are looked at
constexpr size_t kMostKept = 8'000;          ///< in all; each may go on in half of the others

using Classes = std::set<LockClass>;

/// Of locks around an order: whether all of the class were only read.
using GateClasses = std::map<LockClass, Mode>;

using Places = std::pair<LockClass, LockClass>;  ///< of what is held, and what is taken

struct Directions {
    bool up = false;
    bool down = false;
};

class ClassOrders {
public:
    /// `but`: orders that are left out.
    ClassOrders(const snapshot::Snapshot& snapshot, ClassesBy by, const std::set<size_t>& but)
        : classes_(snapshot, by) {
        for (size_t number = 0; number < classes_.size(); ++number) note(number);
        keep_sound_ones(but);
        connect();
    }

    const LockClasses& classes() const { return classes_; }
    const std::vector<size_t>& kept() const { return kept_; }
    const std::set<size_t>& nested() const { return nested_; }  ///< taken one within the other, or of such a class
    const Edges& successors() const { return successors_; }     ///< of kept ones, by their place among them

    bool is_by_address(const std::vector<size_t>& ring) const {
        Directions all;
        for (const size_t at : ring) {
            const Directions& seen = directions_.at(places_of(kept_[at]));
            all.up = all.up || seen.up;
            all.down = all.down || seen.down;
        }
        return !all.up || !all.down;
    }

    /// A lock around both may be one of the same object.
    bool have_gates_of_one_class(size_t left, size_t right) const {
        const GateClasses a = gate_classes(kept_[left]);
        const GateClasses b = gate_classes(kept_[right]);
        return std::any_of(a.begin(), a.end(), [&](const auto& gate) {
            const auto other = b.find(gate.first);
            return other != b.end() && (gate.second == Mode::kExclusive || other->second == Mode::kExclusive);
        });
    }

private:
    Places places_of(size_t number) const { return {classes_.held_class(number), classes_.taken_class(number)}; }

    void note(size_t number) {
        const LockOrder& order = classes_.order(number);
        Directions& seen = directions_[places_of(number)];
        (order.held.address < order.lock.address ? seen.up : seen.down) = true;
        gate_classes_[snapshot::gate_of(order.held).lock].insert(classes_.held_class(number));
        by_lock_[order.lock.address].push_back(number);
        if (!classes_.is_one_class(number, number)) return;
        nested_in_own_.insert(order.lock.address);
        hierarchies_.insert(classes_.held_class(number));
    }

    GateClasses gate_classes(size_t number) const {
        GateClasses found;
        for (const snapshot::Gate& gate : classes_.order(number).gates) {
            const auto known = gate_classes_.find(gate.lock);
            if (known == gate_classes_.end()) continue;
            for (const LockClass& one : known->second) {
                Mode& mode = found.try_emplace(one, gate.mode).first->second;
                if (gate.mode == Mode::kExclusive) mode = gate.mode;
            }
        }
        return found;
    }

    /// It holds what it took when it had one of the class that it takes now.
    bool comes_after_own(size_t number) {
        const auto before = by_lock_.find(classes_.order(number).held.address);
        if (before == by_lock_.end()) return false;
        const auto own = std::find_if(before->second.begin(), before->second.end(), [&](size_t one) {
            return classes_.is_one_way(one, number) && classes_.is_one_class(number, one);
        });
        if (own == before->second.end()) return false;
        hierarchies_.insert(classes_.held_class(*own));
        return true;
    }

    /// Locks of one class are taken one within the other: which first, their places in a structure say.
    bool is_of_hierarchy(const LockClass& one) const {
        return std::any_of(hierarchies_.begin(), hierarchies_.end(), [&](const LockClass& other) {
            const size_t common = std::min(one.size(), other.size());
            return std::equal(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(common), other.begin());
        });
    }

    void keep_sound_ones(const std::set<size_t>& but) {
        std::vector<size_t> sound;
        for (size_t number = 0; number < classes_.size(); ++number) {
            const LockOrder& order = classes_.order(number);
            const bool is_nested = comes_after_own(number) || nested_in_own_.contains(order.lock.address);
            if (is_nested) nested_.insert(number);
            if (!is_nested && !but.contains(number) && !order.gates_unknown && order.held.address != order.lock.address)
                sound.push_back(number);
        }
        std::map<LockClass, bool> known;
        std::map<Places, size_t> alike;
        for (const size_t number : sound) {
            const auto [entry, is_new] = known.try_emplace(classes_.held_class(number));
            if (is_new) entry->second = is_of_hierarchy(entry->first);
            if (entry->second) nested_.insert(number);
            if (kept_.size() == kMostKept || entry->second) continue;
            if (++alike[places_of(number)] <= kMostAlike) kept_.push_back(number);
        }
    }

    bool is_joint(size_t taken, size_t held) const {
        return classes_.is_one_class(taken, held) && !classes_.is_one_way(taken, held) &&
               !both_read(classes_.order(taken), classes_.order(held));
    }

    void connect() {
        std::map<LockClass, std::vector<Node>> by_class;
        std::map<uint64_t, std::vector<Node>> by_address;
        for (Node at = 0; at < kept_.size(); ++at) {
            by_class[classes_.held_class(kept_[at])].push_back(at);
            by_address[classes_.order(kept_[at]).held.address].push_back(at);
        }
        Edges joints(kept_.size());
        for (Node at = 0; at < kept_.size(); ++at) {
            std::vector<Node> next;
            const auto add = [&](const auto& index, const auto& key) {
                const auto found = index.find(key);
                if (found != index.end()) next.insert(next.end(), found->second.begin(), found->second.end());
            };
            for (const LockClass& one : classes_.taken_classes(kept_[at])) add(by_class, one);
            add(by_address, classes_.order(kept_[at]).lock.address);
            std::sort(next.begin(), next.end());
            next.erase(std::unique(next.begin(), next.end()), next.end());
            for (const Node to : next) {
                if (is_joint(kept_[at], kept_[to])) joints[at].push_back(to);
            }
        }
        successors_ = joints;
        for (Node at = 0; at < kept_.size(); ++at) {
            for (const Node to : joints[at]) {
                if (!are_of_one_object(kept_[at], kept_[to])) continue;
                const std::vector<Node>& back = joints[to];
                if (!std::binary_search(back.begin(), back.end(), at)) successors_[to].push_back(at);
            }
        }
    }

    /// `taken` takes what is of the class of what `held` holds, and has beside it what `held` takes beside that.
    bool are_of_one_object(size_t taken, size_t held) const {
        const LockOrder& inner = classes_.order(taken);
        const LockOrder& outer = classes_.order(held);
        const uint64_t distance = outer.lock.address - outer.held.address;
        const bool is_near = distance + kMostDistance <= 2 * kMostDistance;
        const bool is_other = inner.lock.address != outer.held.address;
        return is_other && is_near && inner.held.address - inner.lock.address == distance && inner.held.name.empty() &&
               outer.lock.name.empty() && inner.held.kind == outer.lock.kind && !classes_.is_one_way(held, taken) &&
               !both_read(outer, inner);
    }

    LockClasses classes_;
    std::map<Places, Directions> directions_;
    std::map<uint32_t, Classes> gate_classes_;
    std::map<uint64_t, std::vector<size_t>> by_lock_;
    std::set<uint64_t> nested_in_own_;
    Classes hierarchies_;
    std::set<size_t> nested_;
    std::vector<size_t> kept_;
    Edges successors_;
};

class ClassSearch {
public:
    ClassSearch(const ClassOrders& orders, std::vector<Classes> known) : orders_(orders), known_(std::move(known)) {
        components_ = numbered_components(orders.successors());
    }

    std::vector<OrderRing> run() {
        const size_t longest = std::min(components_.largest, kLongestInversion);
        for (length_ = 2; length_ <= longest; ++length_) {
            steps_ = 0;
            for (Node start = 0; start < components_.of.size(); ++start) {
                path_.assign(1, start);
                walk();
            }
        }
        return std::move(found_);
    }

private:
    const LockClass& class_of(size_t at) const { return orders_.classes().held_class(orders_.kept()[at]); }

    void walk() {
        for (const Node next : orders_.successors()[path_.back()]) {
            if (found_.size() >= kMostClassFindings || ++steps_ > kMostClassSteps) return;
            if (path_.size() == length_) {
                if (next == path_.front()) close();
                continue;
            }
            const bool is_new =
                next > path_.front() && components_.of[next] == components_.of[path_.front()] &&
                std::none_of(path_.begin(), path_.end(), [&](size_t at) { return class_of(at) == class_of(next); });
            if (!is_new) continue;
            path_.push_back(next);
            walk();
            path_.pop_back();
        }
    }

    void close() {
        Classes classes;
        OrderRing ring;
        for (const size_t at : path_) {
            classes.insert(class_of(at));
            ring.push_back(&orders_.classes().order(orders_.kept()[at]));
        }
        const auto is_in = [&](const Classes& known) {
            return std::includes(classes.begin(), classes.end(), known.begin(), known.end());
        };
        if (std::any_of(known_.begin(), known_.end(), is_in) || is_of_single_locks() || !can_happen(ring) ||
            orders_.is_by_address(path_) || is_gated())
            return;
        known_.push_back(std::move(classes));
        found_.push_back(std::move(ring));
    }

    bool is_of_single_locks() const {
        for (size_t i = 0; i < path_.size(); ++i) {
            const size_t next = path_[(i + 1) % path_.size()];
            if (!orders_.classes().is_one_lock(orders_.kept()[path_[i]], orders_.kept()[next])) return false;
        }
        return true;
    }

    bool is_gated() const {
        for (size_t left = 0; left < path_.size(); ++left) {
            for (size_t right = left + 1; right < path_.size(); ++right) {
                if (orders_.have_gates_of_one_class(path_[left], path_[right])) return true;
            }
        }
        return false;
    }

    const ClassOrders& orders_;
    std::vector<Classes> known_;
    NumberedComponents components_;
    std::vector<OrderRing> found_;
    std::vector<size_t> path_;
    size_t length_ = 0;
    size_t steps_ = 0;
};

std::vector<Classes> classes_of(const LockClasses& classes, const snapshot::Snapshot& snapshot,
                                const std::vector<OrderRing>& rings) {
    std::vector<Classes> all;
    for (const OrderRing& ring : rings) {
        Classes& one = all.emplace_back();
        for (const LockOrder* const order : ring)
            one.insert(classes.held_class(static_cast<size_t>(order - snapshot.lock_orders.data())));
    }
    return all;
}

}  // namespace

std::vector<OrderRing> find_class_rings(const snapshot::Snapshot& snapshot, const std::vector<OrderRing>& known) {
    const ClassOrders by_place(snapshot, ClassesBy::kPlace, {});
    std::vector<OrderRing> rings = ClassSearch(by_place, classes_of(by_place.classes(), snapshot, known)).run();
    const std::vector<LockOrder>& all = snapshot.lock_orders;
    if (std::none_of(all.begin(), all.end(), [](const LockOrder& order) { return order.made_at != 0; })) return rings;

    std::vector<OrderRing> told = known;
    told.insert(told.end(), rings.begin(), rings.end());
    const std::vector<Classes> told_by_place = classes_of(by_place.classes(), snapshot, told);
    const ClassOrders by_creation(snapshot, ClassesBy::kCreation, by_place.nested());
    for (OrderRing& ring : ClassSearch(by_creation, classes_of(by_creation.classes(), snapshot, told)).run()) {
        const Classes its = classes_of(by_place.classes(), snapshot, {ring}).front();
        const auto is_told = [&](const Classes& one) {
            return std::includes(its.begin(), its.end(), one.begin(), one.end());
        };
        if (std::none_of(told_by_place.begin(), told_by_place.end(), is_told)) rings.push_back(std::move(ring));
    }
    return rings;
}

}  // namespace analyze
