// SPDX-License-Identifier: Apache-2.0
//
// Locks that are never released: cycles, a thread that waits for itself, dead owners.
#include <gmock/gmock.h>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::ElementsAre;

struct Ownership {
    int waiter;
    int owner;
    std::string kind = "mutex";
    std::string mode = "exclusive";
    std::optional<Site> lock = {};  ///< empty: it has no symbol of its own
    Site acquired;
};

/// The lock a thread waits for is held by `owner`, who took it at `acquired`; both ends say so.
void expect_owned(const Json& report, const Ownership& expected) {
    SCOPED_TRACE("T" + std::to_string(expected.waiter) + " waits for T" + std::to_string(expected.owner));
    const Json& wanted = report::thread(report, expected.waiter).at("waits_for");
    EXPECT_EQ(wanted.at("kind"), expected.kind);
    if (expected.lock) {
        EXPECT_EQ(wanted.at("name"), expected.lock->function);
    }
    bool owner_found = false;
    for (const Json& owner : wanted.at("owners")) {
        if (owner.at("thread") != expected.owner) continue;
        owner_found = true;
        EXPECT_EQ(owner.at("mode"), expected.mode);
        EXPECT_EQ(owner.at("pid"), nullptr);
        EXPECT_TRUE(report::starts_at(owner.at("acquired_at"), expected.acquired));
    }
    EXPECT_TRUE(owner_found) << wanted;
    bool hold_found = false;
    for (const Json& hold : report::thread(report, expected.owner).at("holds")) {
        if (hold.at("address") != wanted.at("address")) continue;
        hold_found = true;
        EXPECT_EQ(hold.at("kind"), expected.kind);
        EXPECT_EQ(hold.at("mode"), expected.mode);
        EXPECT_EQ(hold.at("depth"), 1);
        EXPECT_TRUE(report::starts_at(hold.at("acquired_at"), expected.acquired));
    }
    EXPECT_TRUE(hold_found) << report::thread(report, expected.owner);
}

class LockLeaks : public GalleryTest {};

INSTANTIATE_TEST_SUITE_P(All, LockLeaks, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

class LockOfAnExitedThread : public GalleryTest {
protected:
    Program program_ = program("lock_of_exited_thread");

    /// T2 was the first to get the lock and has exited; all later ones wait.
    void expect_orphan(const Json& report, const std::set<int>& behind) {
        const int last = program_.thread_count() + 1;
        EXPECT_THAT(report::verdicts(report), ElementsAre("orphaned-lock proved"));
        expect_finding(report, "orphaned-lock", "proved", numbers(2, last), behind);
        EXPECT_EQ(report::thread(report, 2).at("state"), "exited");
        for (int waiter = 3; waiter <= last; ++waiter) {
            expect_thread(
                report, waiter,
                {.state = "mutex lock", .block = program_.site("block"), .created = program_.site("created")});
            expect_owned(
                report,
                {.waiter = waiter, .owner = 2, .lock = program_.site("lock"), .acquired = program_.site("block")});
        }
        EXPECT_EQ(listed_threads(report), numbers(1, last));
    }
};

INSTANTIATE_TEST_SUITE_P(All, LockOfAnExitedThread, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(LockOfAnExitedThread, IsOrphaned) {
    expect_orphan(report_of_leaky(program_), {});
}

TEST_P(LockOfAnExitedThread, HoldsUpWhoeverJoinsItsWaiters) {
    expect_orphan(report_of_stuck(program_, "joined"), {1});
}

TEST_P(LockOfAnExitedThread, IsCleanWithALockGuard) {
    expect_clean(program_);
}

class ReadThenWriteLock : public GalleryTest {
protected:
    Program program_ = program("read_then_write_lock");

    void expect_upgraders(const Json& report, int count) {
        for (int waiter = 2; waiter <= count + 1; ++waiter) {
            expect_thread(
                report, waiter,
                {.state = "rwlock write", .block = program_.site("block"), .created = program_.site("created")});
            for (int owner = 2; owner <= count + 1; ++owner) {
                expect_owned(report, {.waiter = waiter,
                                      .owner = owner,
                                      .kind = "rwlock",
                                      .mode = "shared",
                                      .lock = program_.site("lock"),
                                      .acquired = program_.site("acquired")});
            }
        }
        EXPECT_EQ(listed_threads(report), numbers(1, count + 1));
    }
};

INSTANTIATE_TEST_SUITE_P(All, ReadThenWriteLock, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(ReadThenWriteLock, IsADeadlockOfAllReaders) {
    const int count = program_.thread_count();

    const Json report = report_of_leaky(program_);

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    expect_finding(report, "deadlock", "proved", numbers(2, count + 1));
    expect_upgraders(report, count);
}

TEST_P(ReadThenWriteLock, HoldsUpWhoeverJoinsThem) {
    const int count = program_.thread_count();

    const Json report = report_of_stuck(program_, "joined");

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    expect_finding(report, "deadlock", "proved", numbers(2, count + 1), {1});
    expect_upgraders(report, count);
}

TEST_P(ReadThenWriteLock, IsASelfDeadlockOfALoneReader) {
    const Json report = report_of_leaky(program_, "alone");

    EXPECT_THAT(report::verdicts(report), ElementsAre("self-deadlock proved"));
    expect_finding(report, "self-deadlock", "proved", {2});
    expect_upgraders(report, 1);
}

TEST_P(ReadThenWriteLock, IsCleanWhenReleasedInBetween) {
    expect_clean(program_);
}

class OppositeLockOrder : public GalleryTest {
protected:
    Program program_ = program("opposite_lock_order");

    void expect_cycle_of_two(const Json& report) {
        expect_thread(report, 2,
                      {.state = "mutex lock",
                       .block = program_.site("transfer_block"),
                       .created = program_.site("created_teller")});
        expect_thread(report, 3,
                      {.state = "mutex lock",
                       .block = program_.site("audit_block"),
                       .created = program_.site("created_auditor")});
        expect_owned(
            report,
            {.waiter = 2, .owner = 3, .lock = program_.site("ledger"), .acquired = program_.site("audit_acquired")});
        expect_owned(report, {.waiter = 3,
                              .owner = 2,
                              .lock = program_.site("accounts"),
                              .acquired = program_.site("transfer_acquired")});
        EXPECT_EQ(listed_threads(report), numbers(1, 3));
    }
};

INSTANTIATE_TEST_SUITE_P(All, OppositeLockOrder, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(OppositeLockOrder, IsADeadlockThatHoldsUpMain) {
    const Json report = report_of_stuck(program_);

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    expect_finding(report, "deadlock", "proved", {2, 3}, {1});
    expect_cycle_of_two(report);
    expect_thread(report, 1, {.state = "join", .block = program_.site("main_block")});
    EXPECT_EQ(report::thread(report, 1).at("waits_for").at("owners").at(0).at("thread"), 2);
    EXPECT_EQ(report.at("counts"),
              Json::parse(R"({"threads": 3, "blocked": 3, "alive": 0, "unjoined": 0, "created_total": 3})"));
}

TEST_P(OppositeLockOrder, IsADeadlockWhenMainReturns) {
    const Json report = report_of_leaky(program_, "exits");

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    expect_finding(report, "deadlock", "proved", {2, 3});
    expect_cycle_of_two(report);
}

TEST_P(OppositeLockOrder, IsCleanWithOneOrder) {
    expect_clean(program_);
}

TEST_P(LockLeaks, AThreadThatLocksTwiceIsASelfDeadlock) {
    const Program saver = program("locks_twice");

    const Json report = report_of_stuck(saver);

    EXPECT_EQ(report::verdicts(report), applicable(report, {"self-deadlock proved", "blocked fact"}));
    expect_finding(report, "self-deadlock", "proved", {2});
    expect_thread(report, 2, {.state = "mutex lock", .block = saver.site("block"), .created = saver.site("created")});
    EXPECT_TRUE(report::passes(report::thread(report, 2).at("stack"), saver.site("calls_again")));
    expect_owned(report, {.waiter = 2, .owner = 2, .lock = saver.site("lock"), .acquired = saver.site("acquired")});
    expect_finding(report, "blocked", "fact", {1});
    expect_thread(
        report, 1,
        {.state = "cond wait", .inside = saver.site_in("wait_group.hpp", "wait"), .block = saver.site("main_block")});
    EXPECT_EQ(listed_threads(report), numbers(1, 2));
}

TEST_P(LockLeaks, AThreadThatLocksOnceIsClean) {
    expect_clean(program("locks_twice"));
}

TEST_P(LockLeaks, ARingOfLocksIsADeadlockInTheOrderOfTheChain) {
    const Program ring = program("lock_ring");
    const int last = ring.thread_count() + 1;

    const Json report = report_of_stuck(ring);

    EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
    expect_finding(report, "deadlock", "proved", numbers(2, last), {1});
    const std::vector<int> chain = report.at("findings").at(0).at("threads").get<std::vector<int>>();
    for (size_t i = 0; i < chain.size(); ++i) {
        expect_thread(report, chain[i],
                      {.state = "mutex lock", .block = ring.site("block"), .created = ring.site("created")});
        expect_owned(report,
                     {.waiter = chain[i], .owner = chain[(i + 1) % chain.size()], .acquired = ring.site("acquired")});
    }
    EXPECT_EQ(report::thread(report, 1).at("state"), "join");
    EXPECT_EQ(listed_threads(report), numbers(1, last));
}

TEST_P(LockLeaks, ARingOfLocksTakenInOrderIsClean) {
    expect_clean(program("lock_ring"));
}

}  // namespace
}  // namespace gallery
