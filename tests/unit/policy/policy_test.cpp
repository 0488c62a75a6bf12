// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <gtest/gtest.h>

#include "idle_pool.h"

namespace policy {
namespace {

using analyze::Analysis;
using analyze::Verdict;

const std::set<Verdict> kAll = {Verdict::kDeadlock, Verdict::kBlocked, Verdict::kAlive, Verdict::kUnjoined};

Analysis applied(Policy& policy, const snapshot::Snapshot& snapshot) {
    Analysis analysis = analyze::analyze(snapshot);
    policy.apply(snapshot, analysis);
    return analysis;
}

Policy with(const std::string& entries) {
    Policy policy;
    policy.add(parse_suppressions(entries, "ci.supp"));
    return policy;
}

TEST(Policy, AcceptsWhatAnEntryFitsAndSaysWhichOne) {
    Policy policy = with("lock:g_jobs\n");

    const Analysis analysis = applied(policy, IdlePool().build());

    ASSERT_EQ(analysis.findings.size(), 2U);
    EXPECT_EQ(analysis.findings[0].suppressed_by, std::nullopt);
    EXPECT_EQ(analysis.findings[1].suppressed_by, "ci.supp:1: lock:g_jobs");
    EXPECT_TRUE(analyze::fails(analysis, kAll));
    EXPECT_EQ(analysis.applies.size(), 2U) << "T4 and T5";
}

/// Its parent may have killed it because it hung.
TEST(Policy, AcceptsNoProofAgainstAKilledSingleThread) {
    for (const bool holds_it : {false, true}) {
        support::SnapshotBuilder builder;
        builder.ended(snapshot::Reason::kPostMortem, snapshot::End::kUnknown, std::nullopt);
        const snapshot::Object lock = support::mutex(0x20, "g_lock");
        builder.thread(1).waits_for(lock);
        if (holds_it) builder.thread(1).holds(lock);
        Policy policy;
        policy.accept_killed_single_threads(/*but_children_of=*/1);

        const Analysis analysis = applied(policy, builder.build());

        ASSERT_EQ(analysis.findings.size(), 1U);
        EXPECT_EQ(analysis.findings[0].suppressed_by.has_value(), !holds_it);
        EXPECT_EQ(analyze::fails(analysis, {Verdict::kBlocked, Verdict::kSelfDeadlock}), holds_it);
    }
}

TEST(Policy, AnAcceptedCycleFailsNotEvenByItsFacts) {
    Policy policy = with("lock:g_jobs\nverdict:deadlock");

    EXPECT_FALSE(analyze::fails(applied(policy, IdlePool().build()), kAll));
}

TEST(Policy, ThreadsBehindAnAcceptedCycleAreAcceptedWithIt) {
    IdlePool pool;
    pool.thread(6).waits_for(support::mutex(0x20, "g_left"));
    Policy policy = with("lock:g_jobs\nverdict:deadlock");

    const Analysis analysis = applied(policy, pool.build());

    EXPECT_EQ(analysis.findings.at(0).behind, std::vector<uint32_t>{6});
    EXPECT_FALSE(analyze::fails(analysis, kAll));
}

TEST(Policy, NamesEntriesThatNothingNeededInAnyProcess) {
    Policy policy = with("lock:g_jobs\nthread:nobody\ntop:take_left\n");
    EXPECT_EQ(policy.unused().size(), 3U) << "and none of the built-in ones";

    applied(policy, IdlePool().build());
    applied(policy, support::SnapshotBuilder().build());

    ASSERT_EQ(policy.unused().size(), 1U);
    EXPECT_EQ(policy.unused()[0].place, "ci.supp:2");
}

TEST(Policy, AcceptsTheFindingsOfABaselineAndNoOthers) {
    Baseline baseline;
    baseline.add(analyze::analyze(IdlePool().build()).findings.at(1));
    baseline.messages["0123456789abcdef"] = "2 threads blocked at old()";
    Policy policy;
    policy.set_baseline(baseline, "base.json");

    const Analysis analysis = applied(policy, IdlePool().build());

    EXPECT_EQ(analysis.findings.at(0).suppressed_by, std::nullopt);
    EXPECT_EQ(analysis.findings.at(1).suppressed_by, "baseline base.json");
    EXPECT_EQ(policy.gone(), std::vector<std::string>{"2 threads blocked at old()"});
    EXPECT_FALSE(policy.has_in_baseline(analysis.findings[0]));
    EXPECT_TRUE(policy.has_in_baseline(analysis.findings[1]));
}

TEST(BuiltInSuppressions, AcceptPoolsThatWaitForWorkOnly) {
    support::SnapshotBuilder builder;
    const support::Frames idle = {support::libc_frame("syscall"),
                                  support::frame_in("/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0")};
    support::Frames busy = idle;
    busy.push_back(support::frame("main._omp_fn.0", "main.c", 7));
    builder.thread(1).ends_process();
    for (const uint32_t id : {2, 3}) {
        builder.thread(id)
            .waits_for(support::object(snapshot::LockKind::kFutex, 0x40 + id))
            .entry(support::frame_in("/usr/lib/x86_64-linux-gnu/libgomp.so.1.0.0"))
            .at(id == 2 ? idle : busy);
    }
    Policy policy;

    const Analysis analysis = applied(policy, builder.build());

    ASSERT_EQ(analysis.findings.size(), 2U);
    for (const analyze::Finding& finding : analysis.findings) {
        EXPECT_EQ(finding.suppressed_by.has_value(), finding.threads == std::vector<uint32_t>{2}) << finding.message;
    }
}

/// Each of its programs ends without its helpers, and a test run of cargo has dozens of them.
TEST(BuiltInSuppressions, AcceptWhatTheRustToolchainLeavesAndNoOtherProgram) {
    struct Row {
        std::string creator;
        std::string innermost;
        bool is_accepted;
    };
    const std::string rust = "/root/.rustup/toolchains/stable/lib/";
    const std::string pool = "llvm::parallel::detail::(anonymous namespace)::ThreadPoolExecutor::work(unsigned int)";
    for (const Row& row : {Row{"/root/.cargo/bin/rustup", "tokio::runtime::park", true},
                           Row{rust + "librustc_driver-6108105cd7e839cf.so", "jobserver::imp::spawn_helper", true},
                           Row{rust + "libLLVM.so.22.1", pool, true}, Row{"/srv/bin/rust-lld", "work", false},
                           Row{"/srv/bin/service", "tokio::runtime::park", false}}) {
        support::SnapshotBuilder builder;
        builder.thread(1).ends_process();
        builder.thread(2)
            .waits_on(support::condition(0x90))
            .at({support::frame(row.innermost, "", 0)})
            .created_by(1, {support::frame_in(row.creator)});
        Policy policy;

        const Analysis analysis = applied(policy, builder.build());

        ASSERT_EQ(analysis.findings.size(), 1U);
        EXPECT_EQ(analysis.findings[0].suppressed_by.has_value(), row.is_accepted) << row.creator;
    }
}

}  // namespace
}  // namespace policy
