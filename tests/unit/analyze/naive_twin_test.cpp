// SPDX-License-Identifier: Apache-2.0
//
// Random processes, judged twice: by the product, and by a naive twin that keeps a matrix of who
// waits for whom and closes it (Floyd and Warshall).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "analyze/finding.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::SnapshotBuilder;

constexpr size_t kMaxThreads = 9;
constexpr size_t kMaxLocks = 5;

struct Lock {
    bool is_rwlock = false;
    bool foreign_unlocked = false;
    bool shared = false;
    std::vector<size_t> owners;
};

struct Member {
    bool finished = false;
    bool settled = true;
    bool timed = false;
    bool asleep = false;
    bool reads = false;
    bool prefers_writers = false;
    std::optional<size_t> lock;  ///< waits for it
    std::optional<size_t> joins;
};

/// Thread number i + 1 is members[i]; lock i lies at address i + 1.
struct World {
    std::vector<Member> members;
    std::vector<Lock> locks;
    bool has_waker = false;
};

class Dice {
public:
    explicit Dice(uint32_t seed) : engine_(seed) {}
    size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(engine_); }
    bool one_in(size_t count) { return below(count) == 0; }

private:
    std::mt19937 engine_;
};

World random_world(Dice& dice) {
    World world;
    world.members.resize(1 + dice.below(kMaxThreads));
    world.locks.resize(1 + dice.below(kMaxLocks));
    const size_t threads = world.members.size();
    for (Lock& lock : world.locks) {
        lock.is_rwlock = dice.one_in(2);
        lock.foreign_unlocked = dice.one_in(10);
        lock.shared = lock.is_rwlock && dice.one_in(2);
        if (dice.one_in(8)) continue;
        std::set<size_t> owners;
        const size_t count = lock.shared ? 1 + dice.below(3) : 1;
        while (owners.size() < std::min(count, threads)) owners.insert(dice.below(threads));
        lock.owners.assign(owners.begin(), owners.end());
    }
    world.has_waker = dice.one_in(4);
    const bool all_sleep = dice.one_in(2);
    for (Member& member : world.members) {
        member.asleep = all_sleep || dice.one_in(2);
        member.finished = dice.one_in(8);
        member.settled = !dice.one_in(12);
        member.timed = dice.one_in(12);
        member.reads = dice.one_in(3);
        member.prefers_writers = dice.one_in(2);
        if (member.finished || dice.one_in(8)) continue;
        if (dice.one_in(5)) {
            member.joins = dice.below(threads);
        } else {
            member.lock = dice.below(world.locks.size());
        }
    }
    return world;
}

snapshot::Snapshot build(const World& world) {
    SnapshotBuilder builder;
    builder.live();
    builder.snapshot().wakers.timer = world.has_waker;
    const auto object = [&](size_t lock) {
        return world.locks[lock].is_rwlock ? support::rwlock(lock + 1) : support::mutex(lock + 1);
    };
    for (size_t index = 0; index < world.members.size(); ++index) {
        const Member& member = world.members[index];
        support::ThreadBuilder& thread = builder.thread(static_cast<uint32_t>(index + 1));
        if (member.finished) thread.finished();
        if (!member.settled) thread.unsettled();
        if (member.timed) thread.timed(1, 2);
        if (member.asleep) thread.asleep();
        if (member.joins) thread.joins(static_cast<uint32_t>(*member.joins + 1));
        if (!member.lock) continue;
        const bool reads = member.reads && world.locks[*member.lock].is_rwlock;
        reads ? thread.waits_to_read(object(*member.lock), member.prefers_writers)
              : thread.waits_for(object(*member.lock));
    }
    for (size_t lock = 0; lock < world.locks.size(); ++lock) {
        for (const size_t owner : world.locks[lock].owners) {
            builder.thread(static_cast<uint32_t>(owner + 1))
                .holds(object(lock), world.locks[lock].shared ? snapshot::Mode::kShared : snapshot::Mode::kExclusive);
        }
        if (world.locks[lock].foreign_unlocked) builder.foreign_unlocked(object(lock));
    }
    return builder.build();
}

class Twin {
public:
    explicit Twin(const World& world) : world_(world), threads_(world.members.size()) {}

    /// Findings with sorted threads, then all that are behind any.
    std::set<std::string> judge() {
        for (const Certainty certainty : {Certainty::kProved, Certainty::kLikely}) add_deadlocks(certainty);
        add_orphans();
        const bool is_stuck = !lines_.empty();
        add_behind();
        if (!is_stuck) add_asleep();
        return lines_;
    }

private:
    using Matrix = std::vector<std::vector<bool>>;

    bool reads(const Member& member) const { return member.reads && world_.locks[*member.lock].is_rwlock; }
    bool waits(const Member& member) const { return !member.finished && !member.timed; }

    /// Whether `from` waits for `to` so surely; finished threads included.
    bool is_edge(size_t from, size_t to, Certainty certainty) const {
        const Member& member = world_.members[from];
        if (!waits(member) || (!member.settled && certainty != Certainty::kPossible)) return false;
        if (member.joins) return *member.joins == to && !world_.members[to].finished;
        if (!member.lock) return false;
        const Lock& lock = world_.locks[*member.lock];
        if (certainty == Certainty::kProved && lock.foreign_unlocked) return false;
        const Member& other = world_.members[to];
        const bool is_queued =
            reads(member) && member.prefers_writers && !other.finished && other.lock == member.lock && !reads(other);
        if (is_queued && certainty != Certainty::kProved) return true;
        const bool owns = std::count(lock.owners.begin(), lock.owners.end(), to) > 0;
        return owns && !(reads(member) && lock.shared);
    }

    Matrix closure(Certainty certainty) const {
        Matrix reach(threads_, std::vector<bool>(threads_));
        for (size_t from = 0; from < threads_; ++from) {
            for (size_t to = 0; to < threads_; ++to) {
                reach[from][to] = !world_.members[to].finished && is_edge(from, to, certainty);
            }
        }
        for (size_t middle = 0; middle < threads_; ++middle) {
            for (size_t from = 0; from < threads_; ++from) {
                for (size_t to = 0; to < threads_; ++to) {
                    if (reach[from][middle] && reach[middle][to]) reach[from][to] = true;
                }
            }
        }
        return reach;
    }

    void add(Certainty certainty, Verdict verdict, const std::set<size_t>& threads) {
        std::string line = std::string(word(certainty)) + " " + std::string(word(verdict)) + ":";
        for (const size_t thread : threads) line += " T" + std::to_string(thread + 1);
        lines_.insert(line);
        stuck_.insert(threads.begin(), threads.end());
    }

    void add_deadlocks(Certainty certainty) {
        const Matrix reach = closure(certainty);
        const std::set<size_t> known = stuck_;
        for (size_t first = 0; first < threads_; ++first) {
            if (!reach[first][first]) continue;
            std::set<size_t> component;
            for (size_t other = 0; other < threads_; ++other) {
                if (reach[first][other] && reach[other][first]) component.insert(other);
            }
            const bool is_known =
                std::any_of(component.begin(), component.end(), [&](size_t one) { return known.count(one) > 0; });
            if (!is_known)
                add(certainty, component.size() == 1 ? Verdict::kSelfDeadlock : Verdict::kDeadlock, component);
        }
    }

    bool waits_for_orphan(size_t thread, size_t index) const {
        const Member& member = world_.members[thread];
        if (!waits(member) || member.lock != index) return false;
        const Lock& lock = world_.locks[index];
        if (lock.shared && reads(member)) return false;
        return std::any_of(lock.owners.begin(), lock.owners.end(),
                           [&](size_t owner) { return world_.members[owner].finished; });
    }

    void add_orphans() {
        const std::set<size_t> taken = stuck_;
        for (size_t index = 0; index < world_.locks.size(); ++index) {
            const Lock& lock = world_.locks[index];
            std::set<size_t> threads;
            for (size_t thread = 0; thread < threads_; ++thread) {
                const bool counts = world_.members[thread].settled && taken.count(thread) == 0;
                if (counts && waits_for_orphan(thread, index)) threads.insert(thread);
            }
            if (threads.empty()) continue;
            orphans_.insert(index);
            for (const size_t owner : lock.owners) {
                if (world_.members[owner].finished) threads.insert(owner);
            }
            add(lock.foreign_unlocked ? Certainty::kLikely : Certainty::kProved, Verdict::kOrphanedLock, threads);
        }
    }

    void add_asleep() {
        std::set<size_t> sleepers;
        for (size_t thread = 0; thread < threads_; ++thread) {
            const Member& member = world_.members[thread];
            if (member.finished) continue;
            if (member.timed || !member.asleep || (!member.lock && !member.joins)) return;
            sleepers.insert(thread);
        }
        if (!sleepers.empty())
            add(world_.has_waker ? Certainty::kLikely : Certainty::kProved, Verdict::kAsleep, sleepers);
    }

    void add_behind() {
        const Matrix reach = closure(Certainty::kPossible);
        std::set<size_t> ends;
        for (const size_t thread : stuck_) {
            if (!world_.members[thread].finished) ends.insert(thread);
        }
        for (size_t thread = 0; thread < threads_; ++thread) {
            for (const size_t index : orphans_) {
                if (waits_for_orphan(thread, index)) ends.insert(thread);
            }
        }
        std::string line = "behind:";
        for (size_t thread = 0; thread < threads_; ++thread) {
            const bool leads = ends.count(thread) > 0 ||
                               std::any_of(ends.begin(), ends.end(), [&](size_t end) { return reach[thread][end]; });
            if (leads && stuck_.count(thread) == 0) line += " T" + std::to_string(thread + 1);
        }
        lines_.insert(line);
    }

    const World& world_;
    const size_t threads_;
    std::set<std::string> lines_;
    std::set<size_t> stuck_;    ///< in a finding
    std::set<size_t> orphans_;  ///< locks with a finding
};

std::set<std::string> judge(const World& world) {
    std::set<std::string> lines;
    std::vector<uint32_t> behind;
    for (Finding& finding : analyze(build(world)).findings) {
        behind.insert(behind.end(), finding.behind.begin(), finding.behind.end());
        finding.behind.clear();
        std::sort(finding.threads.begin(), finding.threads.end());
        lines.insert(shown(finding));
    }
    std::sort(behind.begin(), behind.end());
    lines.insert("behind:" + numbers(behind));
    return lines;
}

TEST(NaiveTwin, AgreesOnRandomProcesses) {
    std::map<std::string, int> seen;
    for (uint32_t seed = 0; seed < 20'000; ++seed) {
        Dice dice(seed);
        const World world = random_world(dice);

        const std::set<std::string> expected = Twin(world).judge();

        ASSERT_EQ(judge(world), expected) << "seed " << seed;
        for (const std::string& line : expected) ++seen[line.substr(0, line.find(':'))];
    }
    // The dice show every kind often enough to mean something.
    for (const char* kind : {"proved deadlock", "likely deadlock", "proved self-deadlock", "likely self-deadlock",
                             "proved orphaned-lock", "likely orphaned-lock", "proved asleep", "likely asleep"}) {
        EXPECT_GT(seen[kind], 200) << kind;
    }
}

TEST(NaiveTwin, EveryThreadOfADeadlockWaitsForTheNextWhereItIsARing) {
    std::mt19937 engine(1);
    for (int round = 0; round < 500; ++round) {
        std::vector<uint32_t> ring(2 + engine() % 30);
        for (uint32_t index = 0; index < ring.size(); ++index) ring[index] = index + 1;
        std::shuffle(ring.begin() + 1, ring.end(), engine);
        SnapshotBuilder builder;
        builder.live();
        for (size_t index = 0; index < ring.size(); ++index) {
            builder.thread(ring[index])
                .holds(support::mutex(ring[index]))
                .waits_for(support::mutex(ring[(index + 1) % ring.size()]));
        }

        const Analysis analysis = analyze(builder.build());

        ASSERT_EQ(analysis.findings.size(), 1u);
        ASSERT_EQ(analysis.findings[0].threads, ring);
    }
}

}  // namespace
}  // namespace analyze
