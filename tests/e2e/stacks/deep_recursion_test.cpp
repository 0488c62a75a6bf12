// SPDX-License-Identifier: Apache-2.0
//
// However deep a thread sits, its report has where it sits and where it began, and says what is left out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/e2e/stacks/dumped.h"

namespace {

using dumped::Json;
using dumped::Words;
using testing::HasSubstr;
using testing::Not;

struct Dive {
    const char* thread;
    const char* innermost;
    Words turn;  ///< sites of one turn of the recursion, from the innermost on
    const char* begins;
};

const std::vector<Dive> kDives = {{"fall", "locks", {"fall"}, "fall begins"},
                                  {"dive", "reads", {"dive"}, "dive begins"},
                                  {"tick", "ticks", {"tock", "tick"}, "tick begins"}};

constexpr int kDepth = 2000;

bool is_site(const Json& frame, const std::string& site) {
    return report::is_at(frame, report::site_of(DEEP_SOURCE, site));
}

/// Every frame of the recursion is there, or counted.
void expect_whole(const Json& thread, const Dive& dive, size_t depth) {
    std::vector<Json> frames = report::program_frames(thread.at("stack"));
    if (!frames.empty() && report::text_of(frames.front().at("function")).starts_with("gate::raw_call"))
        frames.erase(frames.begin());
    ASSERT_GT(frames.size(), 2U) << report::describe(thread.at("stack"));
    EXPECT_TRUE(is_site(frames.front(), dive.innermost)) << report::describe(thread.at("stack"));
    EXPECT_TRUE(is_site(frames.back(), dive.begins)) << report::describe(thread.at("stack"));
    EXPECT_TRUE(report::text_of(thread.at("stack").back().at("function")).starts_with("clone"));
    size_t turns = frames.size() - 2;
    const Json& gap = thread.at("stack_left_out");
    if (!gap.is_null()) turns += gap.at("frames").get<size_t>();
    EXPECT_EQ(turns, depth);
    const size_t before_gap = gap.is_null() ? frames.size() : gap.at("after").get<size_t>();
    for (size_t i = 1; i + 1 < std::min(frames.size(), before_gap) - 2; ++i) {
        EXPECT_TRUE(is_site(frames[i], dive.turn[(i - 1) % dive.turn.size()])) << i;
    }
    EXPECT_EQ(thread.at("stack_truncated"), false);
    EXPECT_EQ(thread.at("stack_incomplete"), false);
}

class DeepStack : public testing::TestWithParam<const char*> {
protected:
    std::string program() const { return std::string(DEEP_RECURSION) + GetParam(); }
};

TEST_P(DeepStack, OfALiveThreadHasBothEndsAndCountsWhatIsBetween) {
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({program(), std::to_string(kDepth)}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    const Json report = dumped::dump_json(target.pid());

    for (const Dive& dive : kDives) {
        SCOPED_TRACE(dive.thread);
        const Json& thread = dumped::thread_named(report, dive.thread);
        expect_whole(thread, dive, kDepth);
        EXPECT_FALSE(thread.at("stack_left_out").is_null());
    }
}

TEST_P(DeepStack, IsAllThereBelowTheLimit) {
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({program(), "300"}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    const Json report = dumped::dump_json(target.pid());

    for (const Dive& dive : kDives) {
        SCOPED_TRACE(dive.thread);
        const Json& thread = dumped::thread_named(report, dive.thread);
        expect_whole(thread, dive, 300);
        EXPECT_TRUE(thread.at("stack_left_out").is_null());
    }
}

TEST_P(DeepStack, OfAProcessWithoutTheLibraryToo) {
    support::Running target({.arguments = {program(), std::to_string(kDepth)}});
    ASSERT_TRUE(target.await_output("sitting"));

    const Json report = dumped::dump_json(target.pid());

    for (const Dive& dive : kDives) {
        SCOPED_TRACE(dive.thread);
        expect_whole(dumped::thread_named(report, dive.thread), dive, kDepth);
    }
}

/// How far each is followed is bounded, and how far all of them are together.
TEST(DeepStacks, ThatAreEqualAreKeptEqualWhereTheyAreCut) {
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({std::string(DEEP_RECURSION) + "O2", "300000", "2"}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    const Json report = dumped::dump_json(target.pid());

    ASSERT_EQ(report.at("threads").size(), 7U);
    for (int id = 2; id <= 4; ++id) {
        const Json& one = report::thread(report, id);
        const Json& other = report::thread(report, id + 3);
        EXPECT_EQ(one.at("name"), other.at("name"));
        EXPECT_EQ(one.at("stack_truncated"), true);
        for (const char* const field : {"stack", "stack_truncated", "stack_left_out"}) {
            EXPECT_TRUE(one.at(field) == other.at(field)) << one.at("name") << ": " << field;
        }
    }
}

TEST_P(DeepStack, IsShownWithARecursionFolded) {
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({program(), std::to_string(kDepth)}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    const std::string text = dumped::dump(target.pid(), {}).output;

    EXPECT_THAT(text, HasSubstr("    ... (the frame above "));
    EXPECT_THAT(text, HasSubstr("    ... (the 2 frames above "));
    EXPECT_THAT(text, HasSubstr(" frames left out)"));
    EXPECT_THAT(text, HasSubstr("begin_tick(void*)"));
    EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 80) << text;
}

TEST_P(DeepStack, OfADeadThreadIsCutAndSaysWhereItBegan) {
    const support::TemporaryFolder folder;
    support::Running target(dumped::observed({program(), std::to_string(kDepth)}, folder));
    ASSERT_TRUE(target.await_output("sitting"));
    target.signal(SIGKILL);
    target.finish();

    const support::Outcome json =
        support::run({.arguments = {LOITER_COMMAND, "report", "--format", "json", folder.path()}});
    const support::Outcome text = support::run({.arguments = {LOITER_COMMAND, "report", "--all", folder.path()}});

    const Json report = Json::parse(json.output);
    const Json& thread = dumped::thread_named(report, "fall");
    EXPECT_EQ(thread.at("stack").size(), 128U);
    EXPECT_EQ(thread.at("stack_truncated"), true);
    EXPECT_TRUE(thread.at("stack_left_out").is_null());
    EXPECT_THAT(report::text_of(thread.at("entry").at("function")), HasSubstr("begin_fall"));
    EXPECT_THAT(text.output, HasSubstr("    ... (deeper: outer frames were not recorded)\n  started as\n"));
}

INSTANTIATE_TEST_SUITE_P(Levels, DeepStack, testing::Values("O0", "O2", "frames"),
                         [](const auto& level) { return std::string(level.param); });

}  // namespace
