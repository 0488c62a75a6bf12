// SPDX-License-Identifier: Apache-2.0
#include "analyze/fingerprint.h"

#include <gtest/gtest.h>

#include <functional>

#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::State;
using support::condition;
using support::frame;
using support::frame_in;
using support::Frames;
using support::mutex;
using support::SnapshotBuilder;

/// What differs between two runs or builds of one program, and what makes it another program.
struct Variant {
    uint32_t first_thread = 2;
    uint32_t receivers = 2;
    bool swapped = false;  ///< the other thread of the deadlock comes first
    int line_shift = 0;
    uint64_t address_shift = 0;
    std::string folder = "/src/bank/";
    std::string module = "/srv/bank/bin/bank";
    std::string suffix;  ///< of function names
    std::string receive = "Channel<int>::receive()";
    std::string audit = "Bank::audit()";
    std::string creator = "start_workers(int)";
    std::string ledger = "g_ledger";
    State wait_of_receiver = State::kConditionWait;
    int recursion = 1;
    bool has_libc_symbols = true;
    Frames library_frames;  ///< between libc and the program
};

Frames at(const Variant& variant, const std::vector<std::string>& functions) {
    Frames frames = {support::libc_frame(variant.has_libc_symbols ? "futex_wait" : "")};
    frames.insert(frames.end(), variant.library_frames.begin(), variant.library_frames.end());
    int line = 10;
    for (const std::string& function : functions) {
        snapshot::Frame one = frame(function + variant.suffix, "", line += 7);
        one.file = variant.folder + "bank.cpp";
        one.module = variant.module;
        one.line += variant.line_shift;
        one.offset += variant.address_shift;
        one.address += variant.address_shift * 3;
        const int copies = function == "descend(int)" ? variant.recursion : 1;
        for (int copy = 0; copy < copies; ++copy) frames.push_back(one);
    }
    return frames;
}

/// A deadlock, receivers, an orphaned lock, a finished thread and a sleeper.
snapshot::Snapshot build(const Variant& variant) {
    const snapshot::Object ledger = mutex(0x1000 + variant.address_shift, variant.ledger);
    const snapshot::Object accounts = mutex(0x2000 + variant.address_shift, "g_accounts");
    const snapshot::Object orphan = mutex(0x3000 + variant.address_shift, "g_orphan");
    const Frames created = at(variant, {variant.creator, "main"});
    SnapshotBuilder builder;
    builder.thread(1).ends_process();
    uint32_t next = variant.first_thread;
    const uint32_t teller = variant.swapped ? next + 1 : next;
    const uint32_t auditor = variant.swapped ? next : next + 1;
    next += 2;
    builder.thread(teller)
        .holds(accounts)
        .waits_for(ledger)
        .at(at(variant, {"Bank::transfer(int, int)"}))
        .created_by(1, created);
    builder.thread(auditor).holds(ledger).waits_for(accounts).at(at(variant, {variant.audit})).created_by(1, created);
    for (uint32_t count = 0; count < variant.receivers; ++count) {
        builder.thread(next).waits_on(condition(0x4000 + next)).in(variant.wait_of_receiver);
        builder.thread(next++).at(at(variant, {variant.receive, "descend(int)", "worker()"})).created_by(1, created);
    }
    builder.thread(next).joined().holds(orphan).acquired_at(at(variant, {"take()"})).created_by(1, created);
    builder.thread(next + 1).waits_for(orphan).at(at(variant, {"want()"})).created_by(1, created);
    builder.thread(next + 2).finished().created_by(1, created);
    builder.thread(next + 3).in(State::kSleep).at(at(variant, {"poll()"})).created_by(1, created);
    return builder.build();
}

/// By verdict: there is one of each.
std::map<std::string, std::string> fingerprints(const Variant& variant) {
    std::map<std::string, std::string> result;
    for (const Finding& finding : analyze(build(variant)).findings)
        result[std::string(word(finding.verdict))] = finding.fingerprint;
    return result;
}

struct Edit {
    const char* name;
    std::function<void(Variant&)> apply;

    friend std::ostream& operator<<(std::ostream& out, const Edit& one) { return out << one.name; }
};

class Harmless : public testing::TestWithParam<Edit> {};

TEST_P(Harmless, ChangesLeaveEveryFingerprintAlone) {
    Variant changed;
    GetParam().apply(changed);

    EXPECT_EQ(fingerprints(changed), fingerprints(Variant()));
}

INSTANTIATE_TEST_SUITE_P(
    Fingerprint, Harmless,
    testing::Values(Edit{"ThreadNumbers", [](Variant& variant) { variant.first_thread = 17; }},
                    Edit{"OrderOfThreads", [](Variant& variant) { variant.swapped = true; }},
                    Edit{"Counts", [](Variant& variant) { variant.receivers = 9; }},
                    Edit{"Lines", [](Variant& variant) { variant.line_shift = 40; }},
                    Edit{"Addresses", [](Variant& variant) { variant.address_shift = 0x7f000; }},
                    Edit{"SourceFolders", [](Variant& variant) { variant.folder = "/home/ci/build/7/"; }},
                    Edit{"Installation", [](Variant& variant) { variant.module = "/opt/bank-2/bank"; }},
                    Edit{"CloneSuffixes", [](Variant& variant) { variant.suffix = " [clone .constprop.0]"; }},
                    Edit{"CloneSuffixesOfC", [](Variant& variant) { variant.suffix = ".isra.0.cold"; }},
                    Edit{"DepthOfARecursion", [](Variant& variant) { variant.recursion = 12; }},
                    Edit{"SymbolsOfLibc", [](Variant& variant) { variant.has_libc_symbols = false; }},
                    Edit{"NamesWithinASystemLibrary",
                         [](Variant& variant) {
                             variant.library_frames = {
                                 frame_in("/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0", "g_cond_wait")};
                         }},
                    Edit{"StandardLibraryPlumbing",
                         [](Variant& variant) {
                             variant.library_frames = {
                                 support::std_header_frame("std::condition_variable::wait<F>(F)")};
                         }}),
    [](const testing::TestParamInfo<Edit>& one) { return one.param.name; });

/// The verdicts whose fingerprints differ.
Lines changed_by(const std::function<void(Variant&)>& apply) {
    Variant changed;
    apply(changed);
    const auto before = fingerprints(Variant());
    const auto after = fingerprints(changed);
    Lines verdicts;
    for (const auto& [verdict, fingerprint] : before) {
        if (after.count(verdict) == 0 || after.at(verdict) != fingerprint) verdicts.push_back(verdict);
    }
    return verdicts;
}

TEST(Fingerprint, IsSixteenHexDigits) {
    for (const auto& [verdict, fingerprint] : fingerprints(Variant())) {
        EXPECT_EQ(fingerprint.size(), 16u);
        EXPECT_EQ(fingerprint.find_first_not_of("0123456789abcdef"), std::string::npos) << fingerprint;
    }
}

TEST(Fingerprint, DiffersBetweenVerdicts) {
    std::set<std::string> different;
    for (const auto& [verdict, fingerprint] : fingerprints(Variant())) different.insert(fingerprint);

    EXPECT_EQ(different.size(), 5u);
}

TEST(Fingerprint, DiffersWithTheFunctionOfTheBlockSite) {
    EXPECT_EQ(changed_by([](Variant& variant) { variant.receive = "Channel<int>::send(int)"; }), Lines{"blocked"});
    EXPECT_EQ(changed_by([](Variant& variant) { variant.receive = "Channel<long>::receive()"; }), Lines{"blocked"});
    EXPECT_EQ(changed_by([](Variant& variant) { variant.audit = "Bank::balance()"; }), Lines{"deadlock"});
}

TEST(Fingerprint, DiffersWithTheCreationSite) {
    EXPECT_EQ(changed_by([](Variant& variant) { variant.creator = "serve(int)"; }),
              (Lines{"alive", "blocked", "deadlock", "orphaned-lock", "unjoined"}));
}

TEST(Fingerprint, DiffersWithTheState) {
    EXPECT_EQ(changed_by([](Variant& variant) { variant.wait_of_receiver = State::kSemaphore; }), Lines{"blocked"});
}

TEST(Fingerprint, DiffersWithTheNameOfALock) {
    EXPECT_EQ(changed_by([](Variant& variant) { variant.ledger = "g_journal"; }), Lines{"deadlock"});
    EXPECT_EQ(changed_by([](Variant& variant) { variant.ledger = "g_ledger+0x28"; }), Lines{});
}

TEST(Fingerprint, OfAnOrphanedLockDoesNotDependOnWhoWaits) {
    SnapshotBuilder with_waiter;
    SnapshotBuilder without;
    for (SnapshotBuilder* const builder : {&with_waiter, &without}) {
        builder->thread(2).joined().holds(mutex(0x20, "g_mutex")).acquired_at({frame("take()", "a.cpp", 3)});
    }
    with_waiter.thread(3).waits_for(mutex(0x20, "g_mutex")).at({frame("want()", "a.cpp", 9)});

    const Analysis awaited = analyze(with_waiter.build());
    const Analysis abandoned = analyze(without.build());

    EXPECT_EQ(shown(awaited), Lines{"proved orphaned-lock: T2 T3"});
    EXPECT_EQ(shown(abandoned), Lines{"fact orphaned-lock: T2"});
    EXPECT_EQ(awaited.findings[0].fingerprint, abandoned.findings[0].fingerprint);
}

TEST(Fingerprint, UsesFileNamesOfStrippedModules) {
    const auto fingerprint_in = [](const std::string& module) {
        SnapshotBuilder builder;
        builder.thread(2).in(State::kSleep).at({frame_in(module)});
        return analyze(builder.build()).findings.at(0).fingerprint;
    };

    EXPECT_EQ(fingerprint_in("/usr/bin/xz"), fingerprint_in("/opt/xz/bin/xz"));
    EXPECT_NE(fingerprint_in("/usr/bin/xz"), fingerprint_in("/usr/bin/zstd"));
    EXPECT_EQ(fingerprint_in("/usr/lib/libglib-2.0.so.0.7400.6"), fingerprint_in("/usr/lib/libglib-2.0.so.0.8000.0"));
    EXPECT_NE(fingerprint_in("/usr/lib/libglib-2.0.so.0"), fingerprint_in("/usr/lib/libuv.so.1"));
}

TEST(Fingerprint, OfAThreadThatRunsIsTheSameWhereverItIsMet) {
    const auto fingerprint_at = [](State state, const char* function, const char* routine) {
        SnapshotBuilder builder;
        builder.thread(2).in(state).at({frame(function, "a.cpp", 9)}).entry(frame(routine, "a.cpp", 1));
        return analyze(builder.build()).findings.at(0).fingerprint;
    };

    EXPECT_EQ(fingerprint_at(State::kRunning, "add()", "work()"), fingerprint_at(State::kSpinning, "take()", "work()"));
    EXPECT_NE(fingerprint_at(State::kRunning, "add()", "work()"), fingerprint_at(State::kRunning, "add()", "rest()"));
    EXPECT_NE(fingerprint_at(State::kIo, "add()", "work()"), fingerprint_at(State::kIo, "take()", "work()"));
}

TEST(Fingerprint, CountsEqualThreadsOnceInWhateverOrder) {
    EXPECT_EQ(fingerprint(Verdict::kDeadlock, {"b", "a", "b"}), fingerprint(Verdict::kDeadlock, {"a", "b"}));
    EXPECT_NE(fingerprint(Verdict::kDeadlock, {"ab"}), fingerprint(Verdict::kDeadlock, {"a", "b"}));
}

/// Accepted findings are kept in files: a change here breaks everybody's.
TEST(Fingerprint, IsTheSameInEveryRelease) {
    EXPECT_EQ(fingerprint(Verdict::kDeadlock, {"a"}), "2d5dc009c4fd21c3");  // FNV-1a of "deadlock", 0, "a"
    EXPECT_EQ(fingerprints(Variant()), (std::map<std::string, std::string>{{"alive", "db56be905ddb0ce6"},
                                                                           {"blocked", "2b64e87d0634f4cb"},
                                                                           {"deadlock", "2e105c80a7fe5855"},
                                                                           {"orphaned-lock", "06cc325ea8a25bd4"},
                                                                           {"unjoined", "0f2bcc55d8af5e44"}}));
}

}  // namespace
}  // namespace analyze
