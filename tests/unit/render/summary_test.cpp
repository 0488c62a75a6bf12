// SPDX-License-Identifier: Apache-2.0
//
// First and last lines of the text report.
#include <gtest/gtest.h>

#include "report.h"

namespace {

using analyze::Certainty;
using analyze::Verdict;
using report::finding;
using report::Findings;
using report::head;
using report::text;
using report::text_of_all;
using snapshot::End;
using snapshot::Reason;
using snapshot::State;
using support::mutex;
using support::SnapshotBuilder;

std::string head_after(Reason reason, End end, std::optional<int> status) {
    SnapshotBuilder builder;
    builder.ended(reason, end, status);
    builder.thread(1).in(State::kSleep);
    return head(text(builder, {finding(Verdict::kAlive, {1})}));
}

std::string last_line(const std::string& report) {
    const size_t start = report.rfind('\n', report.size() - 2) + 1;
    return report.substr(start, report.size() - start - 1);
}

TEST(Head, TellsHowTheProcessEnded) {
    EXPECT_EQ(head_after(Reason::kExit, End::kExit, 3),
              "loiter: ./bank (pid 4242) ended by exit(3) after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kExit, std::nullopt),
              "loiter: ./bank (pid 4242) ended by exit after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kReturn, 0),
              "loiter: ./bank (pid 4242) returned 0 from main after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kReturn, std::nullopt),
              "loiter: ./bank (pid 4242) returned from main after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kUnderscoreExit, 1),
              "loiter: ./bank (pid 4242) ended by _exit(1) after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kQuickExit, 0),
              "loiter: ./bank (pid 4242) ended by quick_exit(0) after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kExec, std::nullopt),
              "loiter: ./bank (pid 4242) was replaced by exec after 12.4s with 1 thread: 1 alive");
}

TEST(Head, TellsTheSignalThatKilledTheProcess) {
    EXPECT_EQ(head_after(Reason::kPostMortem, End::kSignal, 137),
              "loiter: ./bank (pid 4242) was killed by signal 9 (SIGKILL) after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kExit, End::kSignal, 128 + 34),
              "loiter: ./bank (pid 4242) was killed by signal 34 after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kPostMortem, End::kSignal, std::nullopt),
              "loiter: ./bank (pid 4242) was killed by a signal after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kPostMortem, End::kUnknown, 5),
              "loiter: ./bank (pid 4242) ended by a bare system call with status 5 after 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kPostMortem, End::kUnknown, std::nullopt),
              "loiter: ./bank (pid 4242) ended in a way that is not known after 12.4s with 1 thread: 1 alive");
}

TEST(Head, TellsWhyALiveProcessIsReported) {
    EXPECT_EQ(head_after(Reason::kDump, End::kAlive, std::nullopt),
              "loiter: ./bank (pid 4242) has been running for 12.4s with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kSignal, End::kAlive, std::nullopt),
              "loiter: ./bank (pid 4242) has been running for 12.4s (on signal) with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kWatch, End::kAlive, std::nullopt),
              "loiter: ./bank (pid 4242) has been running for 12.4s (watch) with 1 thread: 1 alive");
    EXPECT_EQ(head_after(Reason::kTimeout, End::kAlive, std::nullopt),
              "loiter: ./bank (pid 4242) is still running after 12.4s (timeout) with 1 thread: 1 alive");
}

TEST(Head, FallsBackOnTheNameOfTheExecutable) {
    SnapshotBuilder builder;
    builder.process().command = {};
    builder.thread(1);

    EXPECT_EQ(head(text_of_all(builder)), "loiter: bank (pid 4242) ended by exit(0) after 12.4s with 1 thread");
}

TEST(Head, SaysSoWhereNobodySawTheEnd) {
    SnapshotBuilder builder;
    builder.process().uptime_is_lower_bound = true;
    builder.thread(1);

    EXPECT_EQ(head(text_of_all(builder)),
              "loiter: ./bank (pid 4242) ended by exit(0) after at least 12.4s with 1 thread");
}

TEST(Head, CountsTheStatesOfALiveProcess) {
    SnapshotBuilder builder;
    builder.live().process().uptime_seconds = 182;
    for (uint32_t id = 2; id <= 5; ++id) builder.thread(id).in_io("epoll_wait");
    builder.thread(1).in_io("accept");
    builder.thread(6).waits_on(support::condition(0x10));
    builder.thread(7).waits_on(support::condition(0x10));

    EXPECT_EQ(head(text_of_all(builder)),
              "loiter: ./bank (pid 4242) has been running for 3m2s with 7 threads: 4 io epoll_wait, 2 cond wait, "
              "1 io accept");
}

TEST(Head, SumsRareStatesUp) {
    SnapshotBuilder builder;
    builder.live();
    for (uint32_t id = 1; id <= 8; ++id) builder.thread(id).in_io("call" + std::to_string(id));

    EXPECT_EQ(head(text_of_all(builder)),
              "loiter: ./bank (pid 4242) has been running for 12.4s with 8 threads: 1 io call1, 1 io call2, "
              "1 io call3, 1 io call4, 1 io call5, 1 io call6, 2 in other states");
}

TEST(Head, CountsEachThreadUnderItsStrongestFinding) {
    SnapshotBuilder builder;
    const snapshot::Object lock = mutex(0x10, "g_a");
    for (uint32_t id = 1; id <= 12; ++id) builder.thread(id);
    builder.thread(6).finished().holds(lock);
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {2, 3});
    deadlock.behind = {11, 12};
    analyze::Finding likely = finding(Verdict::kDeadlock, {4, 5});
    likely.certainty = Certainty::kLikely;
    const Findings findings = {deadlock,
                               likely,
                               finding(Verdict::kOrphanedLock, {6, 7}),
                               finding(Verdict::kBlocked, {8, 2}),
                               finding(Verdict::kAlive, {9}),
                               finding(Verdict::kUnjoined, {10})};

    EXPECT_EQ(head(text(builder, findings)),
              "loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 12 threads: 2 deadlocked, "
              "2 deadlocked (likely), 1 waiting for orphaned locks, 2 blocked behind them, 1 blocked, 1 alive, "
              "1 unjoined");
}

TEST(Head, CountsOrphanedLocksThatNobodyWantsAsLocks) {
    SnapshotBuilder builder;
    builder.thread(2).finished().holds(mutex(0x10));

    EXPECT_EQ(head(text(builder, {finding(Verdict::kOrphanedLock, {2}), finding(Verdict::kOrphanedLock, {2})})),
              "loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 1 thread: 2 orphaned locks");
}

TEST(Head, NamesEveryGapBelow) {
    SnapshotBuilder builder;
    builder.thread(1).tid(4242);
    builder.process().observed = false;
    builder.snapshot().notes = {"the recording ends early"};
    builder.snapshot().losses = {3, 12, 1};

    EXPECT_EQ(text_of_all(builder), R"(
loiter: ./bank (pid 4242) ended by exit(0) after 12.4s with 1 thread
note: not observed, so not known: who created a thread, since when it waits, where a lock was taken, who reads a rwlock; to know, start it by 'loiter run'
note: the recording ends early
not recorded: 3 threads, 12 holds, 1 stack (tables full)

T1 [running] tid 4242
    (no stack recorded)

no finding
)");
}

TEST(LastLine, CountsFindingsAndLeftoverThreads) {
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= 9; ++id) builder.thread(id);
    analyze::Finding deadlock = finding(Verdict::kDeadlock, {2, 3});
    deadlock.behind = {8};
    analyze::Finding likely = finding(Verdict::kOrphanedLock, {4});
    likely.certainty = Certainty::kLikely;

    EXPECT_EQ(last_line(text(builder, {deadlock, likely, finding(Verdict::kBlocked, {5, 6, 7}),
                                       finding(Verdict::kBlocked, {9}), finding(Verdict::kAlive, {1})})),
              "FAILED: 1 deadlock, 1 likely orphaned lock, 1 thread blocked behind it, 4 blocked threads, "
              "1 thread still alive");
}

TEST(LastLine, HasAWordForEveryVerdict) {
    SnapshotBuilder builder;
    for (uint32_t id = 1; id <= 9; ++id) builder.thread(id);
    const auto line = [&](Verdict verdict, std::vector<uint32_t> threads) {
        return last_line(text(builder, {finding(verdict, std::move(threads))}));
    };

    EXPECT_EQ(line(Verdict::kSelfDeadlock, {1}), "FAILED: 1 self-deadlock");
    EXPECT_EQ(line(Verdict::kLostWakeup, {1}), "FAILED: 1 lost wakeup");
    EXPECT_EQ(line(Verdict::kAsleep, {1, 2, 3}), "FAILED: 3 threads asleep for ever");
    EXPECT_EQ(line(Verdict::kUnjoined, {1, 2}), "FAILED: 2 unjoined threads");
    EXPECT_EQ(line(Verdict::kLockOrder, {1}), "FOUND: 1 lock-order inversion");
}

TEST(LastLine, SaysFoundOfAProcessThatGoesOn) {
    SnapshotBuilder builder;
    builder.thread(2);
    const Findings findings = {finding(Verdict::kSelfDeadlock, {2})};

    EXPECT_EQ(last_line(text(builder.live(Reason::kDump), findings)), "FOUND: 1 self-deadlock");
    EXPECT_EQ(last_line(text(builder.live(Reason::kSignal), findings)), "FOUND: 1 self-deadlock");
    EXPECT_EQ(last_line(text(builder.live(Reason::kWatch), findings)), "FOUND: 1 self-deadlock");
    EXPECT_EQ(last_line(text(builder.live(Reason::kTimeout), findings)), "FAILED: 1 self-deadlock");
    EXPECT_EQ(last_line(text(builder.post_mortem(), findings)), "FAILED: 1 self-deadlock");
}

TEST(LastLine, SaysFoundWhereNobodyJudges) {
    SnapshotBuilder builder;
    builder.thread(2);
    const Findings findings = {finding(Verdict::kSelfDeadlock, {2})};

    EXPECT_EQ(last_line(text(builder, findings, {.judges = false})), "FOUND: 1 self-deadlock");
}

TEST(LastLine, CountsWhatIsSuppressed) {
    SnapshotBuilder builder;
    builder.thread(2);
    builder.thread(3);
    analyze::Finding suppressed = finding(Verdict::kAlive, {2});
    suppressed.suppressed_by = "alive:nap";

    EXPECT_EQ(last_line(text_of_all(builder, {suppressed})), "no finding (1 finding suppressed)");
    EXPECT_EQ(last_line(text(builder, {suppressed, finding(Verdict::kBlocked, {3})})),
              "FAILED: 1 blocked thread (1 finding suppressed)");
}

}  // namespace
