// SPDX-License-Identifier: Apache-2.0
//
// Orders of locks made by hand, and random ones that a naive twin judges too: it tries every sequence of
// edges.
#include "analyze/lock_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::LockOrder;
using snapshot::Mode;
using support::mutex;
using support::rwlock;
using support::SnapshotBuilder;

struct Orders : SnapshotBuilder {
    LockOrder& add(uint32_t thread, const snapshot::Object& held, const snapshot::Object& lock) {
        LockOrder order;
        order.held = held;
        order.lock = lock;
        order.thread = thread;
        snapshot().lock_orders.push_back(std::move(order));
        return snapshot().lock_orders.back();
    }
    Lines judged() { return shown(analyze(build())); }
};

TEST(LockOrder, OppositeOrdersOfTwoThreadsArePossible) {
    Orders orders;
    orders.add(2, mutex(0x10, "g_a"), mutex(0x20, "g_b"));
    orders.add(3, mutex(0x20, "g_b"), mutex(0x10, "g_a"));

    const Analysis analysis = analyze(orders.build());

    EXPECT_EQ(shown(analysis), Lines{"possible lock-order: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"locks are taken in opposite orders by T2 and T3: mutex g_a before mutex g_b before mutex g_a"});
    EXPECT_TRUE(fails(analysis, {Verdict::kLockOrder}));
    EXPECT_FALSE(fails(analysis, {Verdict::kDeadlock, Verdict::kBlocked}));
}

TEST(LockOrder, OneThreadAloneInvertsNothing) {
    Orders orders;
    orders.add(2, mutex(0x10), mutex(0x20));
    orders.add(2, mutex(0x20), mutex(0x10));
    EXPECT_EQ(orders.judged(), Lines{});

    orders.snapshot().lock_orders.back().other_thread = 4;
    EXPECT_EQ(orders.judged(), Lines{"possible lock-order: T2 T4"});
}

TEST(LockOrder, AGateKeepsBothFromHappeningAtOnce) {
    Orders orders;
    orders.add(2, mutex(0x10), mutex(0x20)).gates = {snapshot::gate_of(mutex(0x30))};
    orders.add(3, mutex(0x20), mutex(0x10)).gates = {snapshot::gate_of(mutex(0x30)), snapshot::gate_of(mutex(0x40))};
    EXPECT_EQ(orders.judged(), Lines{});

    orders.snapshot().lock_orders.back().gates = {snapshot::gate_of(mutex(0x40))};
    EXPECT_EQ(orders.judged(), Lines{"possible lock-order: T2 T3"});
}

TEST(LockOrder, AGateThatBothOnlyReadIsNone) {
    const auto judged = [](Mode left, Mode right) {
        Orders orders;
        orders.add(2, mutex(0x10), mutex(0x20)).gates = {snapshot::gate_of(rwlock(0x30), left)};
        orders.add(3, mutex(0x20), mutex(0x10)).gates = {snapshot::gate_of(rwlock(0x30), right)};
        return orders.judged();
    };

    EXPECT_EQ(judged(Mode::kExclusive, Mode::kExclusive), Lines{});
    EXPECT_EQ(judged(Mode::kExclusive, Mode::kShared), Lines{});
    EXPECT_EQ(judged(Mode::kShared, Mode::kExclusive), Lines{});
    EXPECT_EQ(judged(Mode::kShared, Mode::kShared), Lines{"possible lock-order: T2 T3"});
}

TEST(LockOrder, NothingIsToldWhereThereMayBeMoreGatesThanAreKnown) {
    Orders orders;
    orders.add(2, mutex(0x10), mutex(0x20)).gates_unknown = true;
    orders.add(3, mutex(0x20), mutex(0x10));

    EXPECT_EQ(orders.judged(), Lines{});
}

TEST(LockOrder, ReadersDoNotKeepEachOtherOut) {
    Orders orders;
    orders.add(2, rwlock(0x10), rwlock(0x20));
    orders.add(3, rwlock(0x20), rwlock(0x10));
    for (LockOrder& order : orders.snapshot().lock_orders) order.held_mode = order.mode = Mode::kShared;
    EXPECT_EQ(orders.judged(), Lines{});

    // Who wants to write waits for the reader, who waits for nobody: T2 waits for the lock that T3 reads.
    orders.snapshot().lock_orders[0].mode = Mode::kExclusive;
    EXPECT_EQ(orders.judged(), Lines{});

    orders.snapshot().lock_orders[1].mode = Mode::kExclusive;
    EXPECT_EQ(orders.judged(), Lines{"possible lock-order: T2 T3"});
}

TEST(LockOrder, RingsOfUpToSixteenLocksAreTold) {
    for (const uint32_t length : {3U, 16U, 17U}) {
        Orders orders;
        for (uint32_t i = 0; i < length; ++i) orders.add(i + 2, mutex(i + 1), mutex((i + 1) % length + 1));

        const Analysis analysis = analyze(orders.build());

        ASSERT_EQ(analysis.findings.size(), length <= 16 ? 1U : 0U) << length;
        if (length <= 16) {
            EXPECT_EQ(analysis.findings[0].order.size(), length);
        }
    }
}

/// A ring of `length` locks, and in which turns its orders were seen; thread `i` did those of `doers[i]`.
Lines judged_ring(size_t length, const std::vector<size_t>& turns, const std::vector<std::vector<size_t>>& doers,
                  bool is_live = false) {
    Orders orders;
    if (is_live) orders.live();
    const auto lock = [&](size_t i) { return mutex(0x1000 + i % length * 0x30); };
    for (size_t thread = 0; thread < doers.size(); ++thread) {
        for (const size_t i : doers[thread]) orders.add(static_cast<uint32_t>(thread + 2), lock(i), lock(i + 1));
    }
    snapshot::LockTurns& seen = orders.snapshot().lock_turns.emplace_back();
    for (const size_t i : turns) seen.turns.push_back({lock(i).address, lock(i + 1).address});
    return orders.judged();
}

std::vector<size_t> rounds(size_t length, size_t count, size_t from = 0) {
    std::vector<size_t> turns;
    for (size_t i = 0; i < count; ++i) turns.push_back((from + i) % length);
    return turns;
}

TEST(LockOrder, ARingThatIsWalkedAroundIsNone) {
    EXPECT_EQ(judged_ring(8, rounds(8, 12, 5), {{0, 1, 2, 5}, {2, 3, 4, 6, 7}}), Lines{});
    EXPECT_EQ(judged_ring(4, {0, 0, 1, 2, 2, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 3, 3}, {{0, 1}, {2, 3}}), Lines{})
        << "twice";
    EXPECT_EQ(judged_ring(5, rounds(5, 12), {{0, 1}, {2, 3, 4}, {1}, {2}}), Lines{}) << "some did one only";
}

TEST(LockOrder, ARingIsToldThatMayNotBeWalkedAround) {
    const Lines told = {"possible lock-order: T2 T3"};
    const std::vector<std::vector<size_t>> doers = {{0, 1, 2}, {3, 4}};
    EXPECT_EQ(judged_ring(5, rounds(5, 11), doers), told) << "too few steps";
    EXPECT_EQ(judged_ring(5, {0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 4, 3, 0, 1}, doers), told) << "another way once";
    EXPECT_EQ(judged_ring(3, rounds(3, 30), {{0, 1}, {2}}), told) << "few locks";
    EXPECT_EQ(judged_ring(16, rounds(16, 23), {{0, 1, 2, 3, 4, 5, 6, 7, 8}, {9, 10, 11, 12, 13, 14, 15}}), told)
        << "hardly more than once around";
    EXPECT_EQ(judged_ring(4, rounds(4, 60), {{0}, {1}, {2}, {3}}), Lines{"possible lock-order: T2 T3 T4 T5"})
        << "each has one of its own";
    EXPECT_EQ(judged_ring(4, rounds(4, 60), {{0, 1, 2, 3}, {0}, {1}, {2}, {3}}).size(), 1U) << "and one does all";
    EXPECT_EQ(judged_ring(5, {}, doers), told) << "nothing is known of turns";
}

TEST(LockOrder, ARingThatHasOnlyBeenWalkedAroundIsNotToldYet) {
    const std::vector<std::vector<size_t>> doers = {{0, 1}, {2}, {3}, {4}};
    const Lines told = {"possible lock-order: T2 T3 T4 T5"};
    EXPECT_EQ(judged_ring(5, rounds(5, 5, 2), doers, true), Lines{});
    EXPECT_EQ(judged_ring(5, rounds(5, 5, 2), doers), told) << "there is no more to come";
    EXPECT_EQ(judged_ring(5, {0, 1, 2, 3, 4, 3}, doers, true), told);
    EXPECT_EQ(judged_ring(4, rounds(4, 8), {{0}, {1}, {2}, {3}}, true), told) << "each has one of its own";
}

TEST(LockOrder, ADeadlockThatHappenedIsNotToldAgain) {
    Orders orders;
    orders.live();
    orders.add(2, mutex(0x10), mutex(0x20));
    orders.add(3, mutex(0x20), mutex(0x10));
    orders.thread(2).holds(mutex(0x10)).waits_for(mutex(0x20));
    orders.thread(3).holds(mutex(0x20)).waits_for(mutex(0x10));

    EXPECT_EQ(orders.judged(), Lines{"proved deadlock: T2 T3"});
}

class NaiveOrders {
public:
    explicit NaiveOrders(const std::vector<LockOrder>& orders) : orders_(orders) {}

    std::set<std::set<uint64_t>> judge() {
        for (size_t length = 2; length <= kLongestInversion; ++length) {
            std::vector<size_t> path;
            extend(path, length);
        }
        return found_;
    }

private:
    void extend(std::vector<size_t>& path, size_t length) {
        if (path.size() == length) return close(path);
        for (size_t next = 0; next < orders_.size(); ++next) {
            if (!path.empty() && orders_[path.back()].lock.address != orders_[next].held.address) continue;
            const auto is_held = [&](size_t i) { return orders_[i].held.address == orders_[next].held.address; };
            if (std::any_of(path.begin(), path.end(), is_held)) continue;
            path.push_back(next);
            extend(path, length);
            path.pop_back();
        }
    }

    void close(const std::vector<size_t>& path) {
        std::set<uint64_t> locks;
        std::set<uint32_t> threads;
        for (size_t i = 0; i < path.size(); ++i) {
            const LockOrder& order = orders_[path[i]];
            const LockOrder& next = orders_[path[(i + 1) % path.size()]];
            if (order.lock.address != next.held.address) return;
            if (order.mode == Mode::kShared && next.held_mode == Mode::kShared) return;
            locks.insert(order.held.address);
            threads.insert(order.thread);
            for (size_t j = i + 1; j < path.size(); ++j) {
                if (have_common(order, orders_[path[j]])) return;
            }
        }
        if (threads.size() < 2) return;
        for (const std::set<uint64_t>& known : found_) {
            if (std::includes(locks.begin(), locks.end(), known.begin(), known.end())) return;
        }
        found_.insert(locks);
    }

    static bool have_common(const LockOrder& left, const LockOrder& right) {
        const auto written = [](const LockOrder& order) { return held_in(order, {Mode::kExclusive}); };
        const auto any = [](const LockOrder& order) { return held_in(order, {Mode::kExclusive, Mode::kShared}); };
        for (const uint32_t lock : any(left)) {
            if (written(left).contains(lock) ? any(right).contains(lock) : written(right).contains(lock)) return true;
        }
        return false;
    }

    static std::set<uint32_t> held_in(const LockOrder& order, const std::set<Mode>& modes) {
        std::set<uint32_t> locks;
        if (modes.contains(order.held_mode)) locks.insert(snapshot::gate_of(order.held).lock);
        for (const snapshot::Gate& gate : order.gates) {
            if (modes.contains(gate.mode)) locks.insert(gate.lock);
        }
        return locks;
    }

    const std::vector<LockOrder>& orders_;
    std::set<std::set<uint64_t>> found_;
};

TEST(LockOrder, AgreesWithANaiveTwinOnRandomOrders) {
    size_t found = 0;
    for (uint32_t seed = 0; seed < 3'000; ++seed) {
        std::mt19937 dice(seed);
        Orders orders;
        const uint32_t locks = 2 + dice() % 5;
        const uint32_t edges = 2 + dice() % 9;
        for (uint32_t i = 0; i < edges; ++i) {
            const uint64_t held = 1 + dice() % locks;
            const uint64_t lock = 1 + dice() % locks;
            if (held == lock) continue;
            LockOrder& order = orders.add(2 + dice() % 3, rwlock(held), rwlock(lock));
            if (dice() % 3 == 0) order.held_mode = Mode::kShared;
            if (dice() % 3 == 0) order.mode = Mode::kShared;
            for (uint32_t gates = dice() % 4 == 0 ? 1 + dice() % 2 : 0; gates > 0; --gates) {
                const Mode mode = dice() % 2 == 0 ? Mode::kShared : Mode::kExclusive;
                order.gates.push_back(snapshot::gate_of(rwlock(1 + dice() % (locks + 2)), mode));
            }
        }
        const snapshot::Snapshot snapshot = orders.build();

        std::set<std::set<uint64_t>> judged;
        for (const Finding& finding : find_lock_orders(snapshot, {})) {
            std::set<uint64_t> cycle;
            for (const OrderEdge& edge : finding.order) cycle.insert(edge.lock.address);
            EXPECT_TRUE(judged.insert(cycle).second) << "twice, seed " << seed;
        }

        ASSERT_EQ(judged, NaiveOrders(snapshot.lock_orders).judge()) << "seed " << seed;
        found += judged.size();
    }
    EXPECT_GT(found, 500U);
}

}  // namespace
}  // namespace analyze
