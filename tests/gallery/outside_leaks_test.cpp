// SPDX-License-Identifier: Apache-2.0
//
// Threads that the program's own code can do nothing for: they run on, or wait for somebody outside.
#include <gmock/gmock.h>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::Each;
using Words = std::vector<std::string>;

class OutsideLeaks : public GalleryTest {};

INSTANTIATE_TEST_SUITE_P(All, OutsideLeaks, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

/// `states`: without a wrapper around it, the kernel's name of a call is not always libc's.
void expect_stuck(const Json& report, int id, const Words& states, const Site& block, const Site& created) {
    SCOPED_TRACE("T" + std::to_string(id));
    const Json& thread = report::thread(report, id);
    EXPECT_THAT(states, testing::Contains(report::text_of(thread.at("state"))));
    EXPECT_EQ(thread.at("timed"), false);
    EXPECT_EQ(thread.at("stack_is"), "exact");
    EXPECT_TRUE(report::starts_at(thread.at("stack"), block));
    EXPECT_EQ(thread.at("created_by").at("thread"), 1);
    EXPECT_TRUE(report::starts_at(thread.at("created_by").at("stack"), created));
    expect_finding(report, "alive", "fact", {id});
}

TEST_P(OutsideLeaks, BusyLoopsAreSpinning) {
    const Program busy = program("busy_loop");

    const Json report = report_of_leaky(busy);

    // Each where it was met in its loop: of one place, or of several.
    EXPECT_THAT(report::verdicts(report), testing::AllOf(testing::Not(testing::IsEmpty()), Each("alive fact")));
    std::set<int> found;
    for (const Json& finding : report::findings(report, "alive")) found.merge(report::threads_of(finding));
    EXPECT_EQ(found, numbers(2, busy.thread_count() + 1));
    for (const int id : found) {
        const Json& thread = report::thread(report, id);
        EXPECT_EQ(thread.at("state"), "spinning");
        EXPECT_EQ(thread.at("timed"), false);
        EXPECT_EQ(thread.at("stack_is"), "exact");
        EXPECT_TRUE(report::passes(thread.at("stack"), busy.site("block")));
        EXPECT_TRUE(report::starts_at(thread.at("created_by").at("stack"), busy.site("created")));
        EXPECT_TRUE(thread.at("cpu_share").is_number());
    }
    EXPECT_EQ(report.at("counts").at("alive"), busy.thread_count());
}

TEST_P(OutsideLeaks, BusyLoopsWithAStopFlagAreClean) {
    expect_clean(program("busy_loop"));
}

TEST_P(OutsideLeaks, WaitsForASlowThirdPartyAreAlive) {
    const Program asking = program("slow_third_party");

    const Json report = report_of_leaky(asking);

    EXPECT_THAT(report::verdicts(report), testing::ElementsAre("alive fact", "alive fact", "alive fact", "alive fact"));
    expect_stuck(report, 2, {"io connect"}, asking.site("connect"), asking.site("connecting"));
    expect_stuck(report, 3, {"io recv", "io recvfrom"}, asking.site("recv"), asking.site("receiving"));
    expect_stuck(report, 4, {"io read"}, asking.site("read"), asking.site("reading"));
    // Inside libc, which keeps no frame pointer, its outer frames are known to a wrapper alone.
    if (report::thread(report, 5).at("state") != "io poll") {
        expect_stuck(report, 5, {"io getaddrinfo"}, asking.site("name"), asking.site("naming"));
    }
    EXPECT_TRUE(report::starts_at(report::thread(report, 5).at("created_by").at("stack"), asking.site("naming")));
    EXPECT_EQ(report.at("counts").at("alive"), 4);
    EXPECT_EQ(report.at("counts").at("blocked"), 0);
}

TEST_P(OutsideLeaks, WaitsWithLimitsForASlowThirdPartyAreClean) {
    expect_clean(program("slow_third_party"));
}

TEST_P(OutsideLeaks, SystemCallsThatNeverReturnAreAlive) {
    const Program stuck = program("stuck_system_call");

    const Json report = report_of_leaky(stuck);

    EXPECT_THAT(report::verdicts(report), testing::ElementsAre("alive fact", "alive fact", "alive fact"));
    expect_stuck(report, 2, {"io read"}, stuck.site("read"), stuck.site("reading"));
    expect_stuck(report, 3, {"file lock"}, stuck.site("lock"), stuck.site("locking"));
    expect_stuck(report, 4, {"child wait"}, stuck.site("reap"), stuck.site("reaping"));
    EXPECT_EQ(report.at("counts").at("alive"), 3);
    EXPECT_EQ(report.at("counts").at("blocked"), 0);
}

TEST_P(OutsideLeaks, SystemCallsWithLimitsAreClean) {
    expect_clean(program("stuck_system_call"));
}

}  // namespace
}  // namespace gallery
