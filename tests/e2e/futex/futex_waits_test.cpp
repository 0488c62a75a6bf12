// SPDX-License-Identifier: Apache-2.0
//
// A thread that blocks in the C++20 library, or in a library of Debian's, is found with the line that
// blocks, and is no finding when it is let go.
#include "tests/e2e/futex/waits.h"

namespace waits {
namespace {

const std::string kSources = WAIT_SOURCES;

class FutexWait : public testing::TestWithParam<Case> {};

TEST_P(FutexWait, ThatIsLeftBehindIsBlocked) {
    const Case& tested = GetParam();

    const Json report = report_of(tested, "leaky", 86);

    EXPECT_EQ(report::verdicts(report), (std::vector<std::string>{"blocked fact"}));
    EXPECT_EQ(report::threads_of(report.at("findings").at(0)), std::set<int>{2});
    const Site block = report::site_of(kSources + "/" + tested.program + ".cpp", tested.name);
    expect_futex_wait(report, 2, tested.state, false, block, report::site_of(kSources + "/leak.h", "created"));
    EXPECT_TRUE(report::starts_at(report::thread(report, 2).at("stack"), block));
    expect_futex_name(report, tested);
}

TEST_P(FutexWait, ThatIsLetGoIsClean) {
    expect_clean(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Of, FutexWait,
                         testing::Values(Case{"standard_waits", "latch", "g_latch", "latch"},
                                         Case{"standard_waits", "barrier", "", "barrier"},
                                         Case{"standard_waits", "semaphore", "g_semaphore", "semaphore"},
                                         Case{"standard_waits", "atomic", "g_number", "atomic wait"},
                                         Case{"standard_waits", "wide-atomic", "", "atomic wait"},
                                         Case{"standard_waits", "future", "", "future wait"},
                                         Case{"tbb_waits", "queue", "", "tbb queue"},
                                         Case{"glib_waits", "mutex", "g_mutex", "glib mutex"},
                                         Case{"glib_waits", "condition", "g_condition", "glib cond"},
                                         Case{"glib_waits", "queue", "", "glib queue"},
                                         Case{"abseil_waits", "mutex", "", "abseil mutex"},
                                         Case{"abseil_waits", "condition", "", "abseil condvar"}),
                         name_of);

TEST(BoundedFutexWait, ThatIsLeftBehindIsAlive) {
    const Json report = report_of({"standard_waits", "timed-future"}, "leaky", 86);

    EXPECT_EQ(report::verdicts(report), (std::vector<std::string>{"alive fact"}));
    expect_futex_wait(report, 2, "future wait", true, report::site_of(kSources + "/standard_waits.cpp", "timed-future"),
                      report::site_of(kSources + "/leak.h", "created"));
    EXPECT_GT(report::thread(report, 2).at("left_seconds"), 3500);
}

TEST(BoundedFutexWait, ThatIsLetGoIsClean) {
    expect_clean({"standard_waits", "timed-future"});
}

TEST(StaticInitializer, ThatNeverEndsBlocksWhoeverWantsItsValue) {
    const Json report = report_of({"static_initializer", ""}, "leaky", 86);

    EXPECT_EQ(report::verdicts(report), (std::vector<std::string>{"blocked fact"}));
    const std::string source = kSources + "/static_initializer.cpp";
    const Json& waiter = report::thread(report, 2);
    EXPECT_EQ(waiter.at("state"), "once");
    EXPECT_EQ(waiter.at("timed"), false);
    EXPECT_TRUE(report::starts_at(waiter.at("stack"), report::site_of(source, "block")));
    EXPECT_TRUE(report::passes(waiter.at("created_by").at("stack"), report::site_of(source, "created")));
    ASSERT_EQ(waiter.at("waits_for").at("owners").size(), 1U);
    const Json& owner = waiter.at("waits_for").at("owners").at(0);
    EXPECT_EQ(owner.at("thread"), 1);
    EXPECT_TRUE(report::starts_at(owner.at("acquired_at"), report::site_of(source, "block")));
}

TEST(StaticInitializer, ThatEndsIsClean) {
    expect_clean({"static_initializer", ""});
}

}  // namespace
}  // namespace waits
