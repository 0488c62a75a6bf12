// SPDX-License-Identifier: Apache-2.0
//
// Orders of locks of two classes that were never the same two locks. Random ones are judged by a naive twin too,
// which tries every sequence of orders, and knows the class of a lock from its address.
#include "analyze/lock_class_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "analyze/lock_order.h"
#include "class_orders.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::LockOrder;
using snapshot::Mode;
using support::frame;
using support::Frames;
using support::inlined_frame;
using support::mutex;
using support::rwlock;
using support::SnapshotBuilder;
using support::std_header_frame;

TEST(LockClassOrder, OppositeOrdersOfTwoKindsArePossible) {
    const Analysis analysis = analyze(Bank().build());

    EXPECT_EQ(shown(analysis), Lines{"possible lock-order: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"locks of the same classes, though not the same locks, are taken in opposite orders by T2 and T3: "
                    "mutex 0x1000 before mutex 0x9000 and mutex 0x9100 before mutex 0x1100; mutex 0x9000 is of the "
                    "class of mutex 0x9100 and mutex 0x1100 is of the class of mutex 0x1000"});
    ASSERT_EQ(analysis.findings[0].order.size(), 2U);
    EXPECT_TRUE(analysis.findings[0].order_by_class);
    EXPECT_TRUE(fails(analysis, {Verdict::kLockOrder}));
    EXPECT_FALSE(fails(analysis, {Verdict::kDeadlock, Verdict::kBlocked, Verdict::kAlive}));
}

TEST(LockClassOrder, TheSameTwoLocksAreToldAsSuchAndOnce) {
    Bank bank(0x1000, 0x9000);
    bank.add(3, mutex(0x9100), {guard(), kAppend, kAuditor}, mutex(0x1100),
             {guard(), kWithdraw, kAppendAudits, kAuditor});

    const Analysis analysis = analyze(bank.build());

    EXPECT_EQ(shown(analysis), Lines{"possible lock-order: T2 T3"});
    EXPECT_FALSE(analysis.findings.at(0).order_by_class);
}

TEST(LockClassOrder, OneLockAmongManyOfAClassIsEnough) {
    EXPECT_EQ(Bank(0x1100, 0x9000).judged(), Lines{"possible lock-order: T2 T3"});
}

TEST(LockClassOrder, TheSameCodeInlinedElsewhereIsOnePlace) {
    Bank bank;
    bank.snapshot().lock_orders.pop_back();
    bank.add(3, mutex(0x9100), {guard(), inlined_frame("Log::append()", "log.cpp", 30), kAuditor}, mutex(0x1100),
             {guard(), inlined_frame("Account::withdraw(int)", "account.cpp", 12),
              inlined_frame("Log::append()", "log.cpp", 33), kAuditor});

    EXPECT_EQ(bank.judged(), Lines{"possible lock-order: T2 T3"});
}

TEST(LockClassOrder, ElementsOfOneArrayAreOfOneClass) {
    ClassOrderSnapshot orders;
    orders.add(2, mutex(0x1000, "g_books[0].accounts"), {frame("a()", "a.cpp", 1), kTeller},
               mutex(0x1030, "g_books[0].log"), {frame("a()", "a.cpp", 2), kTeller});
    orders.add(3, mutex(0x1130, "g_books[1].log"), {frame("b()", "a.cpp", 5), kAuditor},
               mutex(0x1100, "g_books[1].accounts"), {frame("b()", "a.cpp", 6), kAuditor});

    EXPECT_EQ(orders.judged(), Lines{"possible lock-order: T2 T3"});

    orders.last().lock.name = "g_other[1].accounts";
    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockClassOrder, OneMemberKnownByItsPlaceTellsTheOtherOfTheSameObject) {
    ClassOrderSnapshot orders;
    orders.add(2, mutex(0x1000), {guard(), kWithdraw, kTeller}, mutex(0x1040),
               {frame("write(Log&)", "log.cpp", 50), kWithdrawLogs, kTeller});
    orders.add(3, mutex(0x2040), {frame("audit()", "bank.cpp", 61), kAuditor}, mutex(0x2000),
               {guard(), kWithdraw, frame("audit()", "bank.cpp", 63), kAuditor});

    EXPECT_EQ(orders.judged(), Lines{"possible lock-order: T2 T3"});

    orders.last().held.address = 0x2080;
    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockClassOrder, WhatAWrapperOfTheProgramLocksIsOfTheClassesOfItsCallers) {
    const snapshot::Frame locks = frame("Mutex::lock()", "mutex.h", 5);
    const snapshot::Frame spins = frame("SpinLock::lock()", "mutex.h", 25);
    ClassOrderSnapshot orders;
    orders.add(2, mutex(0x1000), {locks, frame("load()", "load.cpp", 3), kTeller}, mutex(0x9000),
               {spins, frame("load()", "load.cpp", 4), kTeller});
    orders.add(3, mutex(0x9100), {spins, frame("store()", "load.cpp", 13), kAuditor}, mutex(0x1100),
               {locks, frame("store()", "load.cpp", 14), kAuditor});

    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockClassOrder, WhatIsLockedAroundACallbackIsOfTheClassesOfItsCallers) {
    const snapshot::Frame with_lock = frame("with_lock(std::mutex&, std::function<void ()>)", "with_lock.cpp", 3);
    const snapshot::Frame calls_back = frame("with_lock(std::mutex&, std::function<void ()>)", "with_lock.cpp", 4);
    const snapshot::Frame function = std_header_frame("std::function<void ()>::operator()() const", "std_function.h");
    ClassOrderSnapshot orders;
    orders.add(2, mutex(0x1000), {guard(), with_lock, kTeller}, mutex(0x9000),
               {guard(), kAppend, function, calls_back, kTeller});
    orders.add(3, mutex(0x9100), {guard(), kAppend, kAuditor}, mutex(0x1100),
               {guard(), with_lock, kAppendAudits, kAuditor});

    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockClassOrder, NestedLocksOfOneClassAreAHierarchy) {
    const snapshot::Frame visit = frame("Node::visit()", "tree.cpp", 5);
    const snapshot::Frame descends = frame("Node::visit()", "tree.cpp", 7);
    ClassOrderSnapshot orders;
    orders.add(2, mutex(0x1000), {guard(), visit, kTeller}, mutex(0x2000), {guard(), visit, descends, kTeller});
    orders.add(3, mutex(0x3000), {guard(), visit, descends, kAuditor}, mutex(0x1800),
               {guard(), visit, descends, descends, kAuditor});
    EXPECT_EQ(orders.judged(), Lines{});

    // A part of another tree, where a leaf comes before a node.
    const snapshot::Frame leaf = frame("Leaf::visit()", "tree.cpp", 15);
    const snapshot::Frame leaf_descends = frame("Leaf::visit()", "tree.cpp", 17);
    orders.add(2, mutex(0x5000), {guard(), visit, kTeller}, mutex(0x9000), {guard(), leaf, descends, kTeller});
    orders.add(3, mutex(0x9200), {guard(), leaf, kAuditor}, mutex(0x6000), {guard(), visit, leaf_descends, kAuditor});
    EXPECT_EQ(orders.judged(), Lines{});

    // And between them a leaf of another class: its order to the next node is no news.
    orders.add(2, mutex(0x1000), {guard(), visit, kTeller}, mutex(0x9000), {guard(), leaf, descends, kTeller});
    orders.add(3, mutex(0x9100), {guard(), leaf, kAuditor}, mutex(0x1800), {guard(), visit, leaf_descends, kAuditor});
    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockClassOrder, WhatIsWalkedHandOverHandHasNoOppositeOrder) {
    const Frames node = {guard(), frame("walk()", "list.cpp", 5), kTeller};
    const Frames link = {guard(), frame("walk()", "list.cpp", 6), kTeller};
    ClassOrderSnapshot orders;
    orders.add(2, mutex(0x1000), node, mutex(0x9000), link);
    orders.add(2, mutex(0x9000), link, mutex(0x2000), node).other_thread = 3;
    orders.add(3, mutex(0x3000), node, mutex(0x8000), link);

    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockClassOrder, LocksTakenByTheirAddressHaveNoOppositeOrder) {
    EXPECT_EQ(Bank(0x9900, 0x9100).judged(), Lines{});

    Bank bank(0x9900, 0x9100);
    bank.add(4, mutex(0xa000), {guard(), kWithdraw, kTeller}, mutex(0x9000),
             {guard(), kAppend, kWithdrawLogs, kTeller});
    EXPECT_EQ(bank.judged(), Lines{"possible lock-order: T2 T3"});
}

TEST(LockClassOrder, WhatKeepsLocksFromMeetingKeepsClassesFromIt) {
    Bank gated;
    for (LockOrder& order : gated.snapshot().lock_orders) order.gates = {snapshot::gate_of(mutex(0x70))};
    EXPECT_EQ(gated.judged(), Lines{});
    gated.last().gates = {snapshot::gate_of(mutex(0x78))};
    EXPECT_EQ(gated.judged(), Lines{"possible lock-order: T2 T3"});
    gated.last().gates_unknown = true;
    EXPECT_EQ(gated.judged(), Lines{});

    Bank alone;
    alone.last().thread = 2;
    EXPECT_EQ(alone.judged(), Lines{});

    Bank readers;
    for (LockOrder& order : readers.snapshot().lock_orders) order.mode = order.held_mode = Mode::kShared;
    EXPECT_EQ(readers.judged(), Lines{});
}

TEST(LockClassOrder, AGateInEachObjectMayBeTheSame) {
    Bank bank;
    const snapshot::Frame gate = frame("Branch::open()", "branch.cpp", 3);
    bank.snapshot().lock_orders[0].gates = {snapshot::gate_of(mutex(0x70))};
    bank.snapshot().lock_orders[1].gates = {snapshot::gate_of(mutex(0x78))};
    bank.add(2, mutex(0x70), {guard(), gate, kTeller}, mutex(0x1000),
             {guard(), kWithdraw, frame("Branch::open()", "branch.cpp", 4), kTeller});
    bank.add(3, mutex(0x78), {guard(), gate, kAuditor}, mutex(0x9100),
             {guard(), kAppend, frame("Branch::open()", "branch.cpp", 5), kAuditor});

    EXPECT_EQ(bank.judged(), Lines{});
}

TEST(LockClassOrder, GatesThatAreOnlyReadAreNone) {
    const snapshot::Frame gate = frame("Branch::open()", "branch.cpp", 3);
    for (const Mode right : {Mode::kExclusive, Mode::kShared}) {
        Bank bank;
        bank.snapshot().lock_orders[0].gates = {snapshot::gate_of(rwlock(0x70), Mode::kShared)};
        bank.snapshot().lock_orders[1].gates = {snapshot::gate_of(rwlock(0x78), right)};
        bank.add(2, rwlock(0x70), {guard(), gate, kTeller}, mutex(0x1000),
                 {guard(), kWithdraw, frame("Branch::open()", "branch.cpp", 4), kTeller});
        bank.add(3, rwlock(0x78), {guard(), gate, kAuditor}, mutex(0x9100),
                 {guard(), kAppend, frame("Branch::open()", "branch.cpp", 5), kAuditor});

        EXPECT_EQ(bank.judged(), right == Mode::kShared ? Lines{"possible lock-order: T2 T3"} : Lines{});
    }
}

TEST(LockClassOrder, ADeadlockOfTheseLocksIsNotToldAgain) {
    Bank bank;
    bank.live();
    bank.thread(2).holds(mutex(0x1000)).waits_for(mutex(0x9100));
    bank.thread(3).holds(mutex(0x9100)).waits_for(mutex(0x1000));

    EXPECT_EQ(bank.judged(), Lines{"proved deadlock: T2 T3"});
}

/// What a random order is made of. Its locks are taken at the place of their class, within that of the held one.
struct Made {
    uint64_t held_class = 0, lock_class = 0, held = 0, lock = 0, job = 0;
    std::vector<uint64_t> held_way, way;  ///< innermost first
    uint32_t thread = 0;
    bool reads_held = false, reads = false;
    std::map<uint64_t, Mode> gates;  ///< by address
};

uint64_t address_of(uint64_t lock_class, uint64_t number) {
    // Classes lie between each other, so that orders go up and down.
    return 0x100000 + number * 0x10000 + lock_class * 0x3000;
}
uint64_t class_of(uint64_t address) {
    return (address & 0xffff) / 0x3000;
}

class NaiveClassOrders {
public:
    NaiveClassOrders(std::vector<Made> orders, std::vector<std::set<uint64_t>> known)
        : orders_(std::move(orders)), found_(std::move(known)) {
        told_ = found_.size();
    }

    std::set<std::set<uint64_t>> judge() {
        for (size_t length = 2; length <= 5; ++length) extend({}, length);
        return {found_.begin() + static_cast<std::ptrdiff_t>(told_), found_.end()};
    }

private:
    static bool is_in_own(const Made& order) { return order.held_class == order.lock_class; }

    bool is_chain(const Made& first, const Made& second) const {
        return first.lock == second.held && first.way == second.held_way && first.held_class == second.lock_class;
    }

    bool is_hierarchy(uint64_t lock_class) const {
        return std::any_of(orders_.begin(), orders_.end(), [&](const Made& one) {
            const auto goes_on = [&](const Made& next) { return is_chain(one, next); };
            return one.held_class == lock_class &&
                   (is_in_own(one) || std::any_of(orders_.begin(), orders_.end(), goes_on));
        });
    }

    bool is_sound(const Made& order) const {
        return !is_hierarchy(order.held_class) && !is_hierarchy(order.lock_class);
    }

    static bool is_joint(const Made& before, const Made& after) {
        return before.lock_class == after.held_class && before.way != after.held_way &&
               !(before.reads && after.reads_held);
    }

    void extend(std::vector<Made> path, size_t length) {
        if (path.size() == length) return close(path);
        for (const Made& next : orders_) {
            const auto is_held = [&](const Made& one) { return one.held_class == next.held_class; };
            if (!is_sound(next) || std::any_of(path.begin(), path.end(), is_held)) continue;
            if (!path.empty() && !is_joint(path.back(), next)) continue;
            path.push_back(next);
            extend(path, length);
            path.pop_back();
        }
    }

    void close(const std::vector<Made>& path) {
        if (!is_joint(path.back(), path.front())) return;
        std::set<uint64_t> classes;
        std::set<uint32_t> threads;
        bool is_single = true;
        bool up = false;
        bool down = false;
        for (size_t i = 0; i < path.size(); ++i) {
            classes.insert(path[i].held_class);
            threads.insert(path[i].thread);
            is_single = is_single && path[i].lock == path[(i + 1) % path.size()].held;
            for (const Made& alike : orders_) {
                if (alike.held_class != path[i].held_class || alike.way != path[i].way) continue;
                (alike.held < alike.lock ? up : down) = true;
            }
            for (size_t j = 0; j < path.size(); ++j) {
                if (i != j && exclude(path[i], path[j])) return;
            }
        }
        const auto is_known = [&](const std::set<uint64_t>& known) {
            return std::includes(classes.begin(), classes.end(), known.begin(), known.end());
        };
        if (is_single || threads.size() < 2 || !up || !down) return;
        if (std::none_of(found_.begin(), found_.end(), is_known)) found_.push_back(classes);
    }

    bool exclude(const Made& left, const Made& right) const {
        const auto excludes = [](bool one_reads, bool other_reads) { return !one_reads || !other_reads; };
        const auto gate = right.gates.find(left.held);
        if (gate != right.gates.end() && excludes(left.reads_held, gate->second == Mode::kShared)) return true;
        if (right.held == left.held && excludes(left.reads_held, right.reads_held)) return true;
        return std::any_of(left.gates.begin(), left.gates.end(), [&](const auto& one) {
            return std::any_of(right.gates.begin(), right.gates.end(), [&](const auto& other) {
                const bool is_same_class =
                    was_held(one.first) && was_held(other.first) && class_of(one.first) == class_of(other.first);
                return (one.first == other.first || is_same_class) &&
                       excludes(one.second == Mode::kShared, other.second == Mode::kShared);
            });
        });
    }

    bool was_held(uint64_t lock) const {
        return std::any_of(orders_.begin(), orders_.end(), [&](const Made& order) { return order.held == lock; });
    }

    std::vector<Made> orders_;
    std::vector<std::set<uint64_t>> found_;
    size_t told_ = 0;
};

Made made_by(std::mt19937& dice, uint32_t classes, uint32_t locks) {
    Made made;
    made.held_class = dice() % classes;
    made.lock_class = dice() % classes;
    made.held = address_of(made.held_class, dice() % locks);
    made.lock = address_of(made.lock_class, dice() % locks);
    made.job = dice() % 2;
    made.held_way = {made.held_class};
    if (dice() % 3 == 0) made.held_way.push_back(dice() % classes);
    made.way = made.held_way;
    made.way.insert(made.way.begin(), made.lock_class);
    for (auto* const way : {&made.held_way, &made.way}) way->push_back(1000 + made.job);
    made.thread = 2 + dice() % 3;
    made.reads_held = dice() % 4 == 0;
    made.reads = dice() % 4 == 0;
    for (uint32_t gates = dice() % 3 == 0 ? 1 + dice() % 2 : 0; gates > 0; --gates) {
        const uint64_t gate_class = dice() % classes;
        made.gates[address_of(gate_class, dice() % locks)] = dice() % 2 == 0 ? Mode::kShared : Mode::kExclusive;
    }
    return made;
}

void add_made(ClassOrderSnapshot& orders, const Made& made) {
    const auto frames_of = [&](const std::vector<uint64_t>& way) {
        Frames frames = {guard()};
        for (size_t i = 0; i + 1 < way.size(); ++i)
            frames.push_back(frame("Kind" + std::to_string(way[i]) + "::use()", "kinds.cpp", i == 0 ? 10 : 20));
        frames.push_back(frame("job" + std::to_string(way.back()) + "()", "jobs.cpp", 100));
        return frames;
    };
    LockOrder& order =
        orders.add(made.thread, rwlock(made.held), frames_of(made.held_way), rwlock(made.lock), frames_of(made.way));
    if (made.reads_held) order.held_mode = Mode::kShared;
    if (made.reads) order.mode = Mode::kShared;
    for (const auto& [gate, mode] : made.gates) order.gates.push_back(snapshot::gate_of(rwlock(gate), mode));
}

TEST(LockClassOrder, AgreesWithANaiveTwinOnRandomOrders) {
    size_t found = 0;
    for (uint32_t seed = 0; seed < 3'000; ++seed) {
        std::mt19937 dice(seed);
        ClassOrderSnapshot orders;
        std::vector<Made> all;
        const uint32_t classes = 2 + dice() % 4;
        const uint32_t locks = 2 + dice() % 3;
        const uint32_t edges = 2 + dice() % 8;
        for (uint32_t i = 0; i < edges; ++i) {
            const Made made = made_by(dice, classes, locks);
            if (made.held == made.lock) continue;
            all.push_back(made);
            add_made(orders, made);
        }

        std::set<std::set<uint64_t>> judged;
        std::vector<std::set<uint64_t>> known;
        for (const Finding& finding : find_lock_orders(orders.build(), {})) {
            std::set<uint64_t> cycle;
            for (const OrderEdge& edge : finding.order) cycle.insert(class_of(edge.while_holding.address));
            if (!finding.order_by_class) {
                known.push_back(cycle);
            } else {
                EXPECT_TRUE(judged.insert(cycle).second) << "twice, seed " << seed;
            }
        }

        ASSERT_EQ(judged, NaiveClassOrders(all, known).judge()) << "seed " << seed;
        found += judged.size();
    }
    EXPECT_GT(found, 200U);
}

}  // namespace
}  // namespace analyze
