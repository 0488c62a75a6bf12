// SPDX-License-Identifier: Apache-2.0
#include "policy/suppression.h"

#include <gtest/gtest.h>

#include "idle_pool.h"

namespace policy {
namespace {

using analyze::Analysis;
using analyze::Finding;
using analyze::Verdict;

std::string suppression_error(const std::string& text) {
    try {
        parse_suppressions(text, "ci.supp");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

/// Verdicts of the findings of the pool that this entry fits.
std::vector<std::string> fitted(const std::string& entry, const snapshot::Snapshot& snapshot) {
    const std::vector<Suppression> parsed = parse_suppressions(entry, "ci.supp");
    std::vector<std::string> verdicts;
    for (const Finding& finding : analyze::analyze(snapshot).findings) {
        if (fits(parsed.at(0), snapshot, finding)) verdicts.emplace_back(analyze::word(finding.verdict));
    }
    return verdicts;
}

std::vector<std::string> fitted(const std::string& entry) {
    return fitted(entry, IdlePool().build());
}

using Words = std::vector<std::string>;
const Words kBlocked = {"blocked"};
const Words kDeadlock = {"deadlock"};
const Words kBoth = {"deadlock", "blocked"};

TEST(SuppressionFile, HasAnEntryALineWithItsPlace) {
    const std::vector<Suppression> parsed =
        parse_suppressions("# ours\n\n  thread:pool \r\ntop:a b lock:x y  verdict:blocked", "ci.supp");

    ASSERT_EQ(parsed.size(), 2U);
    EXPECT_EQ(parsed[0].place, "ci.supp:3");
    EXPECT_EQ(parsed[0].text, "thread:pool");
    EXPECT_EQ(parsed[1].place, "ci.supp:4");
    ASSERT_EQ(parsed[1].conditions.size(), 3U);
    EXPECT_EQ(parsed[1].conditions[0].kind, Kind::kTop);
    EXPECT_EQ(parsed[1].conditions[0].pattern, "a b");
    EXPECT_EQ(parsed[1].conditions[1].pattern, "x y");
    EXPECT_EQ(parsed[1].conditions[2].kind, Kind::kVerdict);
}

TEST(SuppressionFile, ColonsOfANameAreItsOwn) {
    const std::vector<Suppression> parsed = parse_suppressions("top:::pop lock::held thread:x\nlock::held", "ci.supp");

    ASSERT_EQ(parsed.size(), 2U);
    ASSERT_EQ(parsed[0].conditions.size(), 2U);
    EXPECT_EQ(parsed[0].conditions[0].pattern, "::pop lock::held");
    EXPECT_EQ(parsed[1].conditions.at(0).pattern, ":held");
}

TEST(SuppressionFile, NamesTheLineThatIsNoEntry) {
    EXPECT_EQ(
        suppression_error("thread:a\nleak:foo"),
        "ci.supp:2: 'leak:foo' is not kind:pattern; kinds are thread, started, created_by, blocked_in, top, lock, "
        "module, verdict");
    EXPECT_EQ(suppression_error("thread:"), "ci.supp:1: nothing follows 'thread:'; * stands for anything");
    EXPECT_EQ(suppression_error("thread: top:x"), "ci.supp:1: nothing follows 'thread:'; * stands for anything");
    EXPECT_EQ(suppression_error("verdict:leak"),
              "ci.supp:1: 'leak' is no verdict; deadlock and blocked are two of them");
    EXPECT_EQ(suppression_error("\n\nfoo"),
              "ci.supp:3: 'foo' is not kind:pattern; kinds are thread, started, created_by, "
              "blocked_in, top, lock, module, verdict");
    EXPECT_EQ(suppression_error(""), "");
}

TEST(Suppression, KindsLookAtTheirPartOfAThread) {
    EXPECT_EQ(fitted("thread:worker"), kBlocked);
    EXPECT_EQ(fitted("started:begin_work"), kBlocked);
    EXPECT_EQ(fitted("started:Queue"), Words{}) << "the start routine only";
    EXPECT_EQ(fitted("created_by:start_workers"), kBlocked);
    EXPECT_EQ(fitted("created_by:Queue"), Words{});
    EXPECT_EQ(fitted("blocked_in:work(Queue<int>&)"), kBlocked);
    EXPECT_EQ(fitted("blocked_in:start_workers"), Words{});
    EXPECT_EQ(fitted("top:Queue<int>::pop"), kBlocked);
    EXPECT_EQ(fitted("top:pthread_cond_wait"), Words{}) << "not the program's";
    EXPECT_EQ(fitted("top:work("), Words{}) << "not innermost";
    EXPECT_EQ(fitted("lock:g_jobs"), kBlocked);
    EXPECT_EQ(fitted("lock:g_left"), kDeadlock);
    EXPECT_EQ(fitted("module:/bin/bank"), kBoth);
    EXPECT_EQ(fitted("module:libc.so"), kBlocked);
    EXPECT_EQ(fitted("verdict:blocked"), kBlocked);
    EXPECT_EQ(fitted("verdict:alive"), Words{});
}

TEST(Suppression, AFrameIsFileAndModuleToo) {
    EXPECT_EQ(fitted("blocked_in:/src/bank/queue.h"), kBlocked);
    EXPECT_EQ(fitted("top:locks.cpp$"), kDeadlock);
    EXPECT_EQ(fitted("top:bin/bank$"), kBoth);
}

TEST(Suppression, PatternsAreFoundAnywhereUnlessTiedToAnEnd) {
    EXPECT_EQ(fitted("lock:jobs"), kBlocked);
    EXPECT_EQ(fitted("lock:^jobs"), Words{});
    EXPECT_EQ(fitted("lock:^g_jobs$"), kBlocked);
    EXPECT_EQ(fitted("lock:g_job$"), Words{});
    EXPECT_EQ(fitted("lock:g*s"), kBlocked);
    EXPECT_EQ(fitted("top:^Queue<*>::pop()$"), kBlocked);
    EXPECT_EQ(fitted("thread:*"), kBoth);
}

TEST(Suppression, AllItsKindsMustFitOneThread) {
    EXPECT_EQ(fitted("thread:worker lock:g_jobs top:pop"), kBlocked);
    EXPECT_EQ(fitted("thread:worker lock:g_left"), Words{});
    EXPECT_EQ(fitted("top:take_right lock:^g_left"), kDeadlock) << "T4 holds it";
    EXPECT_EQ(fitted("top:take_right thread:^x"), Words{});
}

TEST(Suppression, OfAFactFitsEveryThreadOfIt) {
    IdlePool pool;
    EXPECT_EQ(fitted("thread:worker-2", pool.build()), Words{});
    EXPECT_EQ(fitted("thread:worker-?", pool.build()), Words{}) << "no wildcard but the star";
    pool.thread(3).named("worker-2");
    EXPECT_EQ(fitted("thread:worker-2", pool.build()), kBlocked);
}

TEST(Suppression, OfAnOrderOfLocksFitsOneEdge) {
    support::SnapshotBuilder builder;
    Finding finding;
    finding.verdict = Verdict::kLockOrder;
    finding.order = {{support::mutex(1, "g_inner"), support::mutex(2, "g_outer"),
                      builder.stack({support::frame("nest()", "nest.cpp", 3)}), 0, 9}};
    const snapshot::Snapshot snapshot = builder.build();
    const auto fits_it = [&](const std::string& entry) {
        return fits(parse_suppressions(entry, "").at(0), snapshot, finding);
    };

    EXPECT_TRUE(fits_it("lock:g_outer top:nest"));
    EXPECT_TRUE(fits_it("verdict:lock-order"));
    EXPECT_FALSE(fits_it("lock:g_other"));
    EXPECT_FALSE(fits_it("thread:x")) << "it is gone";
}

}  // namespace
}  // namespace policy
