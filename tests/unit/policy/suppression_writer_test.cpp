// SPDX-License-Identifier: Apache-2.0
#include "policy/suppression_writer.h"

#include <gtest/gtest.h>

#include "idle_pool.h"
#include "policy/policy.h"

namespace policy {
namespace {

TEST(WrittenSuppressions, AcceptAllThatTheyWereWrittenFor) {
    const snapshot::Snapshot snapshot = IdlePool().build();
    analyze::Analysis analysis = analyze::analyze(snapshot);
    std::string text;
    for (const analyze::Finding& finding : analysis.findings) text += write_suppression(snapshot, finding);
    Policy policy;
    policy.add(parse_suppressions(text, "written"));

    policy.apply(snapshot, analysis);

    for (const analyze::Finding& finding : analysis.findings) EXPECT_TRUE(finding.suppressed_by) << text;
    EXPECT_TRUE(policy.unused().empty());
}

TEST(WrittenSuppressions, SayWhatTheyAreFor) {
    const snapshot::Snapshot snapshot = IdlePool().build();
    const analyze::Finding finding = analyze::analyze(snapshot).findings.at(1);

    EXPECT_EQ(write_suppression(snapshot, finding),
              "# " + finding.message +
                  "\n"
                  "verdict:blocked top:^Queue<int>::pop()$ lock:^g_jobs$ started:^begin_work(void*)$ "
                  "created_by:^start_workers(int)$\n");
}

TEST(WrittenSuppressions, AreNotMadeWhereNothingIsKnown) {
    support::SnapshotBuilder builder;
    builder.thread(1).ends_process();
    builder.thread(2);
    const snapshot::Snapshot snapshot = builder.build();
    const analyze::Analysis analysis = analyze::analyze(snapshot);

    ASSERT_EQ(analysis.findings.size(), 1U);
    EXPECT_EQ(write_suppression(snapshot, analysis.findings[0]), "");
}

TEST(WrittenSuppressions, StayOneLineWhateverThingsAreCalled) {
    IdlePool pool;
    for (const uint32_t id : {2, 3}) {
        pool.thread(id).at({support::frame("odd\nname top:x(int, lock:y)", "odd.cpp", 1)});
    }
    const snapshot::Snapshot snapshot = pool.build();
    const analyze::Finding finding = analyze::analyze(snapshot).findings.at(1);

    const std::string written = write_suppression(snapshot, finding);

    for (const Suppression& entry : parse_suppressions(written, "")) EXPECT_TRUE(fits(entry, snapshot, finding));
}

}  // namespace
}  // namespace policy
