// SPDX-License-Identifier: Apache-2.0
//
// Senders without a receiver, receivers without a sender.
#include <gmock/gmock.h>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::ElementsAre;

class ChannelLeaks : public GalleryTest {
protected:
    Leaked in_send(const Program& program) const {
        return {.state = "cond wait",
                .inside = program.site_in("channel.hpp", "send"),
                .block = program.site("block"),
                .created = program.site("created")};
    }
    Leaked in_receive(const Program& program) const {
        Leaked leaked = in_send(program);
        leaked.inside = program.site_in("channel.hpp", "receive");
        return leaked;
    }

    /// T2 is the only leak, blocked as `leaked` says.
    void expect_one_blocked_thread(const Json& report, const Leaked& leaked) const {
        EXPECT_THAT(report::verdicts(report), ElementsAre("blocked fact"));
        expect_finding(report, "blocked", "fact", {2});
        expect_thread(report, 2, leaked);
        EXPECT_EQ(listed_threads(report), numbers(1, 2));
        EXPECT_EQ(report.at("counts"),
                  Json::parse(R"({"threads": 2, "blocked": 1, "alive": 0, "unjoined": 0, "created_total": 2})"));
    }
};

INSTANTIATE_TEST_SUITE_P(All, ChannelLeaks, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(ChannelLeaks, AReceiverWithoutASenderIsBlockedInReceive) {
    const Program handler = program("receive_without_sender");

    const Json report = report_of_leaky(handler);

    expect_one_blocked_thread(report, in_receive(handler));
    const Json& receiver = report::thread(report, 2);
    EXPECT_EQ(receiver.at("detached"), true);
    EXPECT_EQ(receiver.at("left_seconds"), nullptr);
    EXPECT_EQ(receiver.at("waits_for").at("kind"), "condition");
    EXPECT_EQ(receiver.at("waits_for").at("owners"), Json::array());
}

TEST_P(ChannelLeaks, AReceiverWithASenderOrAClosedChannelIsClean) {
    expect_clean(program("receive_without_sender"), "fixed");
    expect_clean(program("receive_without_sender"), "sender");
}

TEST_P(ChannelLeaks, FindingsKeepTheirFingerprintFromRunToRun) {
    const Json first = report_of_leaky(program("receive_without_sender"));
    const Json second = report_of_leaky(program("receive_without_sender"));

    EXPECT_EQ(first.at("findings").at(0).at("fingerprint"), second.at("findings").at(0).at("fingerprint"));
}

TEST_P(ChannelLeaks, NoStackShowsTheLibrarysOwnFrames) {
    const Json report = report_of_leaky(program("receive_without_sender"));

    for (const Json& thread : report.at("threads")) {
        EXPECT_EQ(report::describe(thread.at("stack")).find("libloiter.so"), std::string::npos)
            << report::describe(thread.at("stack"));
    }
}

TEST_P(ChannelLeaks, ASenderWhoseReceiverGaveUpIsBlockedInSend) {
    const Program search = program("forgotten_sender");

    const Json report = report_of_leaky(search);

    expect_one_blocked_thread(report, in_send(search));
}

TEST_P(ChannelLeaks, ASenderWithRoomForItsResultIsClean) {
    expect_clean(program("forgotten_sender"));
}

TEST_P(ChannelLeaks, ARangeOverASilentChannelIsBlockedInReceive) {
    const Program worker = program("nil_channel");

    const Json report = report_of_leaky(worker);

    expect_one_blocked_thread(report, in_receive(worker));
}

TEST_P(ChannelLeaks, ARangeThatWatchesADoneChannelIsClean) {
    expect_clean(program("nil_channel"));
}

TEST_P(ChannelLeaks, AGeneratorWithoutConsumerIsBlockedInSend) {
    const Program generator = program("blocked_writer");

    const Json report = report_of_leaky(generator);

    expect_one_blocked_thread(report, in_send(generator));
}

TEST_P(ChannelLeaks, AGeneratorThatWatchesADoneChannelIsClean) {
    expect_clean(program("blocked_writer"));
}

TEST_P(ChannelLeaks, AbandonedSendersAreOneFinding) {
    const Program queries = program("abandoned_senders");
    const int senders = queries.thread_count();
    std::set<int> ids;
    for (int i = 1; i <= senders; ++i) ids.insert(2 * i + 1);  // each is started by a request, T2, T4, ...

    const Json report = report_of_leaky(queries);

    EXPECT_THAT(report::verdicts(report), ElementsAre("blocked fact"));
    expect_finding(report, "blocked", "fact", ids);
    for (const int id : ids) {
        Leaked leaked = in_send(queries);
        leaked.created_by = id - 1;
        expect_thread(report, id, leaked);
    }
    EXPECT_EQ(report.at("counts").at("threads"), senders + 1);
    EXPECT_EQ(report.at("counts").at("blocked"), senders);
    EXPECT_EQ(report.at("counts").at("created_total"), 2 * senders + 1);
}

TEST_P(ChannelLeaks, AbandonedSendersAreCountedByTheProgramItself) {
    const Program queries = program("abandoned_senders");
    std::string expected;
    for (int i = 1; i <= queries.thread_count(); ++i) expected += "live threads: " + std::to_string(i + 1) + "\n";
    expected += "live threads: " + std::to_string(queries.thread_count() + 1) + "\n";

    EXPECT_EQ(output_of(queries, "leaky"), expected);
}

TEST_P(ChannelLeaks, SendersWithRoomOrPatienceAreClean) {
    expect_clean(program("abandoned_senders"), "fixed");
    expect_clean(program("abandoned_senders"), "timed");
}

TEST_P(ChannelLeaks, AWorkerOfADrainedChannelWasSignalledLastByTheSender) {
    const Program adder = program("drained_never_closed");

    const Json report = report_of_leaky(adder);

    expect_one_blocked_thread(report, in_receive(adder));
    const Json& signal = report::thread(report, 2).at("waits_for").at("last_signal");
    ASSERT_TRUE(signal.is_object()) << report::thread(report, 2);
    EXPECT_EQ(signal.at("thread"), 1);
    EXPECT_EQ(signal.at("before_wait"), true);
    EXPECT_TRUE(signal.at("ago_seconds").is_number());
    EXPECT_TRUE(report::starts_at(signal.at("stack"), adder.site_in("channel.hpp", "notify")));
    EXPECT_TRUE(report::passes(signal.at("stack"), adder.site("last_sent")));
}

TEST_P(ChannelLeaks, AWorkerOfAClosedChannelIsClean) {
    expect_clean(program("drained_never_closed"));
}

TEST_P(ChannelLeaks, ASenderAfterTheDeadlineIsBlockedInSend) {
    const Program fetch = program("misused_deadline");

    const Json report = report_of_leaky(fetch);

    expect_one_blocked_thread(report, in_send(fetch));
}

TEST_P(ChannelLeaks, ASenderAfterTheDeadlineWithRoomIsClean) {
    expect_clean(program("misused_deadline"));
}

}  // namespace
}  // namespace gallery
