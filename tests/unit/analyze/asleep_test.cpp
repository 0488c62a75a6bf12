// SPDX-License-Identifier: Apache-2.0
//
// All asleep: when no thread of a process can run again, and what keeps that from being said.
#include <gtest/gtest.h>

#include <functional>

#include "analyze/finding.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::End;
using snapshot::LockKind;
using snapshot::Reason;
using snapshot::State;
using support::condition;
using support::frame;
using support::mutex;
using support::object;
using support::SnapshotBuilder;

/// T1 joins T2, which waits on a condition; T3 waits for a mutex that T2 holds.
struct Sleepers : SnapshotBuilder {
    Sleepers() {
        thread(1).joins(2).asleep().at({frame("main", "jobs.cpp", 9)});
        thread(2)
            .waits_on(condition(0x40, "g_ready"), mutex(0x48))
            .holds(mutex(0x50))
            .asleep()
            .at({frame("Channel::receive()", "jobs.cpp", 3)});
        thread(3).waits_for(mutex(0x50)).asleep().at({frame("audit()", "jobs.cpp", 5)});
    }
};

struct LiveSleepers : Sleepers {
    LiveSleepers() { live(); }
};

struct KilledSleepers : Sleepers {
    KilledSleepers() {
        post_mortem();
        for (const uint32_t id : {1, 2, 3}) thread(id).thread().asleep = false;  // nobody asked the kernel
    }
};

using Alteration = std::function<void(SnapshotBuilder&)>;

template <typename World>
Lines shown_after(const Alteration& change) {
    World world;
    change(world);
    return shown(analyze(world.build()));
}

const Lines kProved = {"proved asleep: T1 T2 T3"};
const Lines kLikely = {"likely asleep: T1 T2 T3"};
const Lines kNone = {};

TEST(Asleep, AreAllThreadsOfAProcessTogether) {
    const Analysis analysis = analyze(LiveSleepers().build());

    EXPECT_EQ(shown(analysis), kProved);
    EXPECT_EQ(applying(analysis), (Lines{"T1: asleep", "T2: asleep", "T3: asleep"}));
    EXPECT_EQ(messages(analysis), Lines{"no thread can run again: T1 in join at main; T2 in cond wait at "
                                        "Channel::receive(); T3 in mutex lock at audit()"});
}

TEST(Asleep, AppliesInEveryReportOfALiveProcess) {
    for (const Reason reason : {Reason::kDump, Reason::kSignal, Reason::kWatch}) {
        EXPECT_EQ(shown_after<Sleepers>([&](auto& world) { world.live(reason); }), kProved);
    }
}

TEST(Asleep, AtATimeoutIsBesideTheFacts) {
    Sleepers world;
    world.live(Reason::kTimeout);

    const Analysis analysis = analyze(world.build());

    EXPECT_EQ(shown(analysis), kProved);
    EXPECT_EQ(applying(analysis), (Lines{"T1: asleep blocked", "T2: asleep blocked", "T3: asleep blocked"}));
    EXPECT_TRUE(fails(analysis, {Verdict::kAsleep}));
    EXPECT_TRUE(fails(analysis, {Verdict::kBlocked}));
}

TEST(Asleep, IsNoVerdictWhereTheProcessEndsByItself) {
    for (const End end : {End::kReturn, End::kExit, End::kUnderscoreExit, End::kQuickExit, End::kExec}) {
        for (const Lines& lines :
             {shown_after<LiveSleepers>([&](auto& world) { world.ended(Reason::kExit, end, 0); }),
              shown_after<KilledSleepers>([&](auto& world) { world.ended(Reason::kPostMortem, end, 0); })}) {
            for (const std::string& line : lines) EXPECT_EQ(line.find("asleep"), std::string::npos) << line;
            EXPECT_EQ(lines.size(), 3U) << "blocked";
        }
    }
    const Lines by_itself =
        shown_after<KilledSleepers>([](auto& world) { world.ended(Reason::kPostMortem, End::kUnknown, 3); });
    EXPECT_EQ(by_itself.size(), 3U) << "a bare system call has no end but a status";
}

TEST(Asleep, IsNoVerdictWhereOneThreadMayRun) {
    const Alteration changes[] = {
        [](auto& world) { world.thread(2).timed(1, 30); },
        [](auto& world) { world.thread(3).in_io("read"); },
        [](auto& world) { world.thread(3).in(State::kSleep); },
        [](auto& world) { world.thread(3).in(State::kSignalWait); },
        [](auto& world) { world.thread(3).in(State::kChildWait); },
        [](auto& world) { world.thread(3).in(State::kFileLock); },
        [](auto& world) { world.thread(3).in(State::kRunning); },
        [](auto& world) { world.thread(3).in(State::kUnknown); },
        [](auto& world) { world.thread(4).in(State::kRunning); },
        [](auto& world) { world.thread(2).thread().asleep = false; },
        [](auto& world) { world.thread(2).torn(); },
    };
    for (size_t index = 0; index < std::size(changes); ++index) {
        EXPECT_EQ(shown_after<LiveSleepers>(changes[index]), kNone) << "change " << index;
    }
}

TEST(Asleep, IsNoVerdictWhereThreadsMayBeUnknown) {
    EXPECT_EQ(shown_after<LiveSleepers>([](auto& world) { world.snapshot().losses.threads = 1; }), kNone);
    EXPECT_EQ(shown_after<LiveSleepers>([](auto& world) { world.snapshot().may_lack_threads = true; }), kNone);
}

TEST(Asleep, LeavesOutThreadsThatHaveEnded) {
    EXPECT_EQ(shown_after<LiveSleepers>([](auto& world) { world.thread(4).finished(); }), kProved);
    EXPECT_EQ(shown_after<SnapshotBuilder>([](auto& world) { world.live().thread(1).finished(); }), kNone);
}

TEST(Asleep, IsOnlyLikelyWhereSomethingCouldWakeOne) {
    struct Case {
        Alteration change;
        std::string doubt;
    };
    const Case cases[] = {
        {[](auto& world) { world.snapshot().wakers.handler = true; }, "a signal handler was installed"},
        {[](auto& world) { world.snapshot().wakers.timer = true; }, "a timer was made"},
        {[](auto& world) { world.snapshot().wakers.cancel = true; }, "a thread was cancelled"},
        {[](auto& world) { world.snapshot().wakers.completion = true; },
         "libc was asked to tell of a transfer, a message or a look-up"},
        {[](auto& world) { world.snapshot().wakers.shared = true; }, "a lock was made that other processes may share"},
        {[](auto& world) { world.snapshot().wakers.memory = true; },
         "another process runs in the memory of this one, and may wake them"},
        {[](auto& world) { world.thread(2).wait().shared = true; },
         "condition g_ready is, or may be, shared with other processes"},
    };
    for (const Case& one : cases) {
        LiveSleepers world;
        one.change(world);

        const Analysis analysis = analyze(world.build());

        EXPECT_EQ(shown(analysis), kLikely) << one.doubt;
        EXPECT_TRUE(analysis.findings.at(0).message.ends_with("; not proved: " + one.doubt)) << messages(analysis)[0];
        EXPECT_FALSE(fails(analysis, {Verdict::kAsleep}));
    }
}

// Of a lock that processes share: while its owner sleeps for a second, nobody sleeps for ever.
TEST(Asleep, IsNobodyWhoWaitsForAThreadOfAnotherProcessThatCanRun) {
    const auto shown_with = [](const std::function<void(snapshot::ProcessOwner&)>& change) {
        LiveSleepers world;
        snapshot::ProcessOwner owner;
        owner.pid = 4711;
        change(owner);
        world.thread(2).waits_for(mutex(0x58)).wait().shared = true;
        world.thread(2).wait().process_owners.push_back(owner);
        return shown(analyze(world.build()));
    };
    const auto in = [](State state) { return [state](auto& owner) { owner.now.emplace_back().state = state; }; };

    EXPECT_EQ(shown_with(in(State::kSleep)), kNone);
    EXPECT_EQ(shown_with(in(State::kRunning)), kNone);
    EXPECT_EQ(shown_with([](auto&) {}), kNone) << "nothing is known but that its process lives";
    EXPECT_EQ(shown_with([](auto& owner) { owner.in_doubt = true; }), kNone);
    EXPECT_EQ(shown_with(in(State::kMutexLock)), kLikely);
    EXPECT_EQ(shown_with([](auto& owner) { owner.pid = 4242; }), kLikely) << "a thread of this one";
}

TEST(Asleep, OnlyLikelyFailsThroughItsFacts) {
    LiveSleepers world;
    world.live(Reason::kTimeout).snapshot().wakers.handler = true;

    const Analysis analysis = analyze(world.build());

    EXPECT_FALSE(fails(analysis, {Verdict::kAsleep}));
    EXPECT_TRUE(fails(analysis, {Verdict::kBlocked}));
}

TEST(Asleep, GivesWayToAnyStrongerFinding) {
    EXPECT_EQ(shown_after<LiveSleepers>([](auto& world) { world.thread(2).waits_for(mutex(0x50)); }),
              Lines{"proved self-deadlock: T2, behind: T1 T3"});
    EXPECT_EQ(shown_after<LiveSleepers>([](auto& world) {
                  world.thread(2).waits_for(mutex(0x50));
                  world.foreign_unlocked(mutex(0x50));
              }),
              Lines{"likely self-deadlock: T2, behind: T1 T3"});
    EXPECT_EQ(shown_after<LiveSleepers>([](auto& world) {
                  world.thread(3).waits_for(mutex(0x60));
                  world.thread(4).finished().holds(mutex(0x60));
              }),
              Lines{"proved orphaned-lock: T4 T3"});
}

TEST(Asleep, OfAKilledProcessIsProvedByTheRecordingAlone) {
    EXPECT_EQ(shown_after<KilledSleepers>([](auto&) {}), kProved);
    EXPECT_EQ(
        shown_after<KilledSleepers>([](auto& world) { world.ended(Reason::kPostMortem, End::kUnknown, std::nullopt); }),
        kProved)
        << "nobody waited for it";
}

TEST(Asleep, OfAKilledProcessIsNoVerdictWhereAWaitMayHaveJustBeenEnded) {
    const Alteration changes[] = {
        [](auto& world) { world.thread(3).last_recorded(); },
        [](auto& world) { world.thread(3).unsettled(); },
        [](auto& world) { world.thread(3).torn(); },
        [](auto& world) { world.thread(3).waits_for(mutex(0x58)); },  // released by its owner
        [](auto& world) { world.thread(2).releasing(); },
        [](auto& world) { world.thread(2).lent(); },
        [](auto& world) { world.thread(1).joins(4), world.thread(4).finished(); },
        [](auto& world) { world.thread(2).last_signalled({.thread = 3, .ago_seconds = 0.2}); },
        [](auto& world) { world.thread(2).last_signalled({.thread = 3}); },
        [](auto& world) { world.thread(2).wait().signal_unknown = true; },
    };
    for (size_t index = 0; index < std::size(changes); ++index) {
        const Lines lines = shown_after<KilledSleepers>(changes[index]);
        for (const std::string& line : lines) {
            EXPECT_EQ(line.find("asleep"), std::string::npos) << "change " << index << ": " << line;
        }
        EXPECT_GE(lines.size(), 3U) << "the facts stay";
    }
}

TEST(Asleep, OfAKilledProcessIsOnlyLikelyWhereTheRecordsCannotTell) {
    EXPECT_EQ(shown_after<KilledSleepers>(
                  [](auto& world) { world.thread(2).last_signalled({.thread = 3, .ago_seconds = 5}); }),
              kLikely)
        << "signalled long ago: the thread that it was for has run since";
    EXPECT_EQ(
        shown_after<KilledSleepers>([](auto& world) { world.thread(2).waits_for(object(LockKind::kBarrier, 0x70)); }),
        kLikely);
    EXPECT_EQ(
        shown_after<KilledSleepers>([](auto& world) { world.thread(2).waits_for(object(LockKind::kFutex, 0x70)); }),
        kLikely);
}

TEST(Asleep, TellsWhoSignalledLastAndGroupsThreadsAtOnePlace) {
    SnapshotBuilder world;
    world.live();
    world.thread(1).joins(2).asleep().at({frame("main", "jobs.cpp", 9)});
    for (const uint32_t id : {2, 3, 4}) {
        world.thread(id)
            .waits_on(condition(0x40 + id))
            .last_signalled({.thread = 1, .before_wait = true})
            .asleep()
            .at({frame("worker()", "jobs.cpp", 3)});
    }
    world.thread(5).waits_for(object(LockKind::kSemaphore, 0x90)).last_signalled({.thread = 2}).asleep();

    EXPECT_EQ(
        messages(analyze(world.build())),
        Lines{"no thread can run again: T1 in join at main; T2, T3 and T4 in cond wait at worker(), last signalled "
              "by T1; T5 in semaphore, last posted by T2"});
}

TEST(Asleep, KeepsItsFingerprintWhateverTheNumbersAre) {
    const auto fingerprint_of = [](uint32_t first, size_t workers, int line) {
        SnapshotBuilder world;
        world.live();
        for (uint32_t id = first; id < first + workers; ++id) {
            world.thread(id).waits_on(condition(id, "g_ready")).asleep().at({frame("worker()", "jobs.cpp", line)});
        }
        return analyze(world.build()).findings.at(0).fingerprint;
    };

    EXPECT_EQ(fingerprint_of(2, 1, 30), fingerprint_of(7, 4, 50));
}

TEST(Asleep, OfTenThousandThreadsIsOneFinding) {
    constexpr uint32_t kThreads = 10'000;
    SnapshotBuilder world;
    world.post_mortem();
    world.thread(1).holds(mutex(9)).waits_on(condition(0x40));
    for (uint32_t id = 2; id <= kThreads; ++id) world.thread(id).waits_for(mutex(9));

    const Analysis analysis = analyze(world.build());

    ASSERT_EQ(analysis.findings.size(), 1U);
    EXPECT_EQ(analysis.findings[0].verdict, Verdict::kAsleep);
    EXPECT_EQ(analysis.findings[0].threads.size(), kThreads);
}

}  // namespace
}  // namespace analyze
