// SPDX-License-Identifier: Apache-2.0
//
// Threads that sleep, wait with a limit, or wait for a group; and a program in which all sleep.
#include <gmock/gmock.h>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::ElementsAre;

class TimeLeaks : public GalleryTest {};

INSTANTIATE_TEST_SUITE_P(All, TimeLeaks, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(TimeLeaks, EndlessSleepersAreOneFinding) {
    const Program loop = program("endless_sleep_loop");
    const int last = loop.thread_count() + 1;

    const Json report = report_of_leaky(loop);

    EXPECT_THAT(report::verdicts(report), ElementsAre("alive fact"));
    expect_finding(report, "alive", "fact", numbers(2, last));
    for (int id = 2; id <= last; ++id) {
        expect_thread(report, id,
                      {.state = "sleep", .timed = true, .block = loop.site("block"), .created = loop.site("created")});
    }
    EXPECT_EQ(report.at("counts").at("alive"), loop.thread_count());
    EXPECT_EQ(report.at("counts").at("blocked"), 0);
    EXPECT_EQ(listed_threads(report), numbers(1, last));
}

TEST_P(TimeLeaks, SleepersWithAStopFlagAreClean) {
    expect_clean(program("endless_sleep_loop"));
}

TEST_P(TimeLeaks, APollerOfAContextThatNobodyCancelsIsAlive) {
    const Program poller = program("uncancelled_context");

    const Json report = report_of_leaky(poller);

    EXPECT_THAT(report::verdicts(report), ElementsAre("alive fact"));
    expect_finding(report, "alive", "fact", {2});
    expect_thread(report, 2,
                  {.state = "sleep", .timed = true, .block = poller.site("block"), .created = poller.site("created")});
}

TEST_P(TimeLeaks, APollerOfAContextWithADeadlineIsClean) {
    expect_clean(program("uncancelled_context"));
}

TEST_P(TimeLeaks, SendersAndReceiversThatGiveUpAreClean) {
    expect_clean(program("timed_send_and_receive"));
}

TEST_P(TimeLeaks, SendersAndReceiversInALongTimedWaitAreAlive) {
    const Program both = program("timed_send_and_receive");

    const Json report = report_of_leaky(both, "alive");

    EXPECT_THAT(report::verdicts(report), ElementsAre("alive fact", "alive fact"));
    expect_finding(report, "alive", "fact", {2});
    expect_finding(report, "alive", "fact", {3});
    expect_thread(report, 2,
                  {.state = "cond wait",
                   .timed = true,
                   .inside = both.site_in("channel.hpp", "send_for"),
                   .block = both.site("block_send"),
                   .created = both.site("created_sender")});
    expect_thread(report, 3,
                  {.state = "cond wait",
                   .timed = true,
                   .inside = both.site_in("channel.hpp", "receive_for"),
                   .block = both.site("block_receive"),
                   .created = both.site("created_receiver")});
    for (const int id : {2, 3}) {
        const Json& left = report::thread(report, id).at("left_seconds");
        ASSERT_TRUE(left.is_number());
        EXPECT_THAT(left.get<double>(), testing::AllOf(testing::Gt(3000.0), testing::Le(3600.0)));
    }
    EXPECT_EQ(report.at("counts").at("alive"), 2);
    EXPECT_EQ(report.at("counts").at("blocked"), 0);
}

class Groups : public GalleryTest {};

INSTANTIATE_TEST_SUITE_P(All, Groups, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(Groups, WorkersThatAreAllDoneAreClean) {
    expect_clean(program("five_workers"));
}

TEST_P(Groups, AWorkerThatIsNeverDoneIsAsleepWithTheWaiter) {
    const Program workers = program("five_workers");

    const Json report = report_of_stuck(workers, "undone");

    EXPECT_THAT(report::verdicts(report), ElementsAre("asleep proved"));
    ASSERT_EQ(listed_threads(report).size(), 2U);
    const int worker = *listed_threads(report).rbegin();
    expect_finding(report, "asleep", "proved", {1, worker});
    expect_thread(report, 1,
                  {.state = "cond wait",
                   .inside = workers.site_in("wait_group.hpp", "wait"),
                   .block = workers.site("main_block")});
    expect_thread(report, worker,
                  {.state = "cond wait",
                   .inside = workers.site_in("channel.hpp", "receive"),
                   .block = workers.site("block"),
                   .created = workers.site("created")});
    EXPECT_EQ(report.at("counts").at("blocked"), 2);
    EXPECT_EQ(report.at("counts").at("created_total"), workers.thread_count() + 1);
}

TEST_P(Groups, MainAloneInAReceiveIsAsleep) {
    const Program asleep = program("everything_asleep");

    const Json report = report_of_stuck(asleep);

    EXPECT_THAT(report::verdicts(report), ElementsAre("asleep proved"));
    expect_finding(report, "asleep", "proved", {1});
    expect_thread(
        report, 1,
        {.state = "cond wait", .inside = asleep.site_in("channel.hpp", "receive"), .block = asleep.site("block")});
    EXPECT_EQ(listed_threads(report), numbers(1, 1));
    EXPECT_EQ(report.at("counts"),
              Json::parse(R"({"threads": 1, "blocked": 1, "alive": 0, "unjoined": 0, "created_total": 3})"));
}

TEST_P(Groups, APassedValueIsClean) {
    expect_clean(program("everything_asleep"));
}

}  // namespace
}  // namespace gallery
