// SPDX-License-Identifier: Apache-2.0
//
// Whole reports.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using analyze::Verdict;
using report::finding;
using report::text;
using report::text_of_all;
using snapshot::State;
using support::condition;
using support::frame;
using support::mutex;
using support::SnapshotBuilder;

const snapshot::Object kLedger = mutex(0x5581c0e8, "g_ledger");
const snapshot::Object kAccounts = mutex(0x5581c0c0, "g_accounts");

/// A bank whose teller and auditor lock in opposite orders, with three idle workers.
class Bank {
public:
    Bank() {
        builder_.thread(1).in(State::kRunning).ends_process();
        builder_.thread(2)
            .named("teller")
            .tid(4244)
            .waits_for(kLedger)
            .since(3.2)
            .at({frame("Bank::transfer(int, int)", "bank.cpp", 42), frame("Teller::run()", "bank.cpp", 77)})
            .created_by(1, {frame("main", "bank.cpp", 90)});
        builder_.thread(2).holds(kAccounts).held_for(3.2).acquired_at(
            {frame("Bank::transfer(int, int)", "bank.cpp", 41)});
        builder_.thread(3)
            .named("auditor")
            .tid(4245)
            .waits_for(kAccounts)
            .since(3.2)
            .at({frame("Bank::audit()", "bank.cpp", 63)})
            .created_by(1, {frame("main", "bank.cpp", 91)});
        builder_.thread(3).holds(kLedger).held_for(3.2).acquired_at({frame("Bank::audit()", "bank.cpp", 61)});
        for (uint32_t id = 4; id <= 6; ++id) add_worker(id);
    }

    const SnapshotBuilder& builder() const { return builder_; }

    static report::Findings findings() {
        return {finding(Verdict::kDeadlock, {2, 3}), finding(Verdict::kBlocked, {4, 5, 6})};
    }

private:
    void add_worker(uint32_t id) {
        builder_.thread(id)
            .waits_on(condition(0x55820000 + id))
            .since(11.5 + id / 10.0)
            .at({frame("Channel<int>::receive()", "channel.hpp", 31), frame("worker(Channel<int>&)", "jobs.cpp", 12)})
            .created_by(1, {frame("start_workers(int)", "jobs.cpp", 25)});
    }

    SnapshotBuilder builder_;
};

TEST(Text, ShowsWhatIsWrongThenWithWhom) {
    EXPECT_EQ(text(Bank().builder(), Bank::findings()), R"(
loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 6 threads: 2 deadlocked, 3 blocked

DEADLOCK: 2 threads wait for each other
  T2 "teller"  waits for mutex g_ledger,   held by T3
  T3 "auditor" waits for mutex g_accounts, held by T2

T2 "teller" [mutex lock, 3.2s] tid 4244
    Bank::transfer(int, int)                 bank.cpp:42
    Teller::run()                            bank.cpp:77
  waits for mutex g_ledger (0x5581c0e8), held by T3 "auditor" for 3.2s, acquired at
    Bank::audit()                            bank.cpp:61
  T3 is now in [mutex lock, 3.2s], at
    Bank::audit()                            bank.cpp:63
  created by T1 at
    main                                     bank.cpp:90

T3 "auditor" [mutex lock, 3.2s] tid 4245
    Bank::audit()                            bank.cpp:63
  waits for mutex g_accounts (0x5581c0c0), held by T2 "teller" for 3.2s, acquired at
    Bank::transfer(int, int)                 bank.cpp:41
  T2 is now in [mutex lock, 3.2s], at
    Bank::transfer(int, int)                 bank.cpp:42
    Teller::run()                            bank.cpp:77
  created by T1 at
    main                                     bank.cpp:91

3 threads [cond wait, 11.9~12.1s]: T4, T5, T6
    Channel<int>::receive()                  channel.hpp:31
    worker(Channel<int>&)                    jobs.cpp:12
  never signalled since the wait began
  created by T1 at
    start_workers(int)                       jobs.cpp:25

FAILED: 1 deadlock, 3 blocked threads
)");
}

TEST(Text, ShowsTheOtherThreadsOnDemand) {
    SnapshotBuilder builder;
    builder.thread(1).tid(4242).in(State::kJoin).at({frame("main", "bank.cpp", 95)});
    builder.thread(2).tid(4243).in(State::kSleep).at({frame("nap()", "bank.cpp", 5)});

    EXPECT_EQ(text_of_all(builder, {finding(Verdict::kBlocked, {1})}), R"(
loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 2 threads: 1 blocked

T1 [join] tid 4242
    main                                     bank.cpp:95

1 other thread:

T2 [sleep] tid 4243
    nap()                                    bank.cpp:5

FAILED: 1 blocked thread
)");
}

TEST(Text, OfACleanProcessIsEmptyUnlessAllIsWanted) {
    SnapshotBuilder builder;
    builder.live();
    builder.thread(1).tid(4242).at({frame("main", "bank.cpp", 95)});

    EXPECT_EQ(text(builder, {}), "\n");
    EXPECT_EQ(text_of_all(builder), R"(
loiter: ./bank (pid 4242) has been running for 12.4s with 1 thread: 1 running

T1 [running] tid 4242
    main                                     bank.cpp:95

no finding
)");
}

TEST(Text, IsEmptyWhenEveryFindingIsSuppressed) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep);
    analyze::Finding suppressed = finding(Verdict::kAlive, {2});
    suppressed.suppressed_by = "alive:nap";

    EXPECT_EQ(text(builder, {suppressed}), "\n");
}

TEST(Text, OfAnEmptySnapshotIsAHead) {
    const snapshot::Snapshot snapshot;
    render::TextOptions options;
    options.all = true;

    EXPECT_EQ(render::text(snapshot, {}, options),
              "loiter: a program (pid 0) ended in a way that is not known after 0s with 0 threads\n\nno finding\n");
}

TEST(Text, ColorsHeadlinesHeadersAndWhatIsFolded) {
    SnapshotBuilder builder;
    builder.thread(2)
        .tid(4244)
        .waits_for(kLedger)
        .holds(kLedger)
        .at({frame("twice()", "bank.cpp", 4)})
        .created_by(1, {frame("main", "bank.cpp", 90)});
    render::TextOptions options;
    options.color = true;

    EXPECT_EQ(text(builder, {finding(Verdict::kSelfDeadlock, {2}, "T2 waits for itself")}, options),
              "\n"
              "loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 1 thread: 1 self-deadlocked\n"
              "\n"
              "\x1b[1;31mSELF-DEADLOCK: T2 waits for itself\x1b[0m\n"
              "\n"
              "\x1b[36mT2 [mutex lock] tid 4244\x1b[0m\n"
              "    twice()                                  bank.cpp:4\n"
              "  waits for mutex g_ledger (0x5581c0e8), held by T2 itself, acquired at a place that was not recorded\n"
              "\x1b[2m  created by T1 at\x1b[0m\n"
              "\x1b[2m    main                                     bank.cpp:90\x1b[0m\n"
              "\n"
              "\x1b[1;31mFAILED: 1 self-deadlock\x1b[0m\n");
}

TEST(Text, LetsNothingOfTheTargetReachTheTerminal) {
    SnapshotBuilder builder;
    const std::string evil = "a\x1b[2J\nb\xff";
    builder.process().command = {evil};
    builder.snapshot().notes = {evil};
    builder.thread(1).named(evil).holds(mutex(0x20, evil));
    builder.thread(2)
        .named(evil)
        .waits_for(mutex(0x10, evil))
        .at({frame(evil, evil, 1)})
        .created_by(1, {support::frame_in(evil, evil)})
        .wait()
        .detail = evil;
    builder.thread(3).in_io(evil, evil);
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {2, 3}, evil + "; not proved: " + evil);
    deadlock.certainty = analyze::Certainty::kLikely;

    const std::string report = text_of_all(builder, {deadlock, finding(Verdict::kAsleep, {1}, evil)});

    EXPECT_EQ(report.find('\x1b'), std::string::npos);
    EXPECT_EQ(report.find('\xff'), std::string::npos);
    EXPECT_EQ(report.find("\nb"), std::string::npos);
}

}  // namespace
