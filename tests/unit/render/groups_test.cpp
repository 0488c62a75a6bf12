// SPDX-License-Identifier: Apache-2.0
#include "render/groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace {

using snapshot::State;
using support::condition;
using support::frame;
using support::Frames;
using support::libc_frame;
using support::mutex;
using support::SnapshotBuilder;

using Ids = std::vector<std::vector<uint32_t>>;

Ids groups_of(const SnapshotBuilder& builder, const std::vector<uint32_t>& ids) {
    const snapshot::Snapshot snapshot = builder.build();
    const render::Stacks stacks(snapshot, false);
    Ids groups;
    for (const render::Group& group : render::group_threads(snapshot, stacks, ids))
        groups.push_back(render::ids_of(group));
    return groups;
}

const Frames kReceive = {frame("receive()", "channel.hpp", 31), frame("worker()", "jobs.cpp", 12)};
const Frames kStart = {frame("start()", "jobs.cpp", 25)};

TEST(Groups, HoldThreadsOfEqualStateAndStacks) {
    // given: the stacks have equal frames, but not the same index
    SnapshotBuilder builder;
    for (uint32_t id = 2; id <= 4; ++id)
        builder.thread(id).waits_on(condition(0x100 * id)).since(id).at(kReceive).created_by(1, kStart);

    EXPECT_EQ(groups_of(builder, {2, 3, 4}), (Ids{{2, 3, 4}}));
}

TEST(Groups, DoNotCareWhichThreadCreatedThemAndHowTheyAreNamed) {
    SnapshotBuilder builder;
    for (uint32_t id = 5; id <= 7; ++id)
        builder.thread(id).named("w" + std::to_string(id)).in(State::kSleep).at(kReceive).created_by(id - 3, kStart);

    EXPECT_EQ(groups_of(builder, {5, 6, 7}), (Ids{{5, 6, 7}}));
}

TEST(Groups, DoNotCareForFoldedFrames) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).at({libc_frame("nanosleep"), kReceive[0]});
    builder.thread(3).in(State::kSleep).at({libc_frame("clock_nanosleep"), kReceive[0], libc_frame("start_thread")});

    EXPECT_EQ(groups_of(builder, {2, 3}), (Ids{{2, 3}}));
}

TEST(Groups, TellStatesApart) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep).at(kReceive);
    builder.thread(3).in(State::kRunning).at(kReceive);
    builder.thread(4).in_io("read").at(kReceive);
    builder.thread(5).in_io("write").at(kReceive);
    builder.thread(6).in(State::kSleep).at(kReceive).timed(1, 2);
    builder.thread(7).in(State::kRunning).at(kReceive).last_recorded();

    EXPECT_EQ(groups_of(builder, {2, 3, 4, 5, 6, 7}), (Ids{{2}, {3}, {4}, {5}, {6}, {7}}));
}

TEST(Groups, TellStacksAndCreationStacksApart) {
    SnapshotBuilder builder;
    builder.thread(2).at(kReceive).created_by(1, kStart);
    builder.thread(3).at({kReceive[0]}).created_by(1, kStart);
    builder.thread(4).at(kReceive).created_by(1, {frame("start()", "jobs.cpp", 26)});
    builder.thread(5).at({support::inlined_frame("receive()", "channel.hpp", 31), kReceive[1]}).created_by(1, kStart);

    EXPECT_EQ(groups_of(builder, {2, 3, 4, 5}), (Ids{{2}, {3}, {4}, {5}}));
}

TEST(Groups, TellCutStacksFromWholeOnes) {
    SnapshotBuilder builder;
    builder.thread(2).at(kReceive);
    builder.thread(3).at(kReceive);
    builder.snapshot().stacks[builder.thread(3).thread().stack].truncated = true;

    EXPECT_EQ(groups_of(builder, {2, 3}), (Ids{{2}, {3}}));
}

TEST(Groups, TellWhatHasOwnersApart) {
    SnapshotBuilder builder;
    builder.thread(2).waits_for(mutex(0x10)).at(kReceive);
    builder.thread(3).waits_for(mutex(0x20)).at(kReceive);
    builder.thread(4).waits_for(mutex(0x10)).at(kReceive);
    builder.thread(5).joins(2).at(kReceive);
    builder.thread(6).joins(3).at(kReceive);

    EXPECT_EQ(groups_of(builder, {2, 3, 4, 5, 6}), (Ids{{2, 4}, {3}, {5}, {6}}));
}

TEST(Groups, WithoutAStackGoByTheStartRoutine) {
    SnapshotBuilder builder;
    builder.thread(2).entry(frame("worker()", "jobs.cpp", 10));
    builder.thread(3).entry(frame("timer()", "jobs.cpp", 90));
    builder.thread(4).entry(frame("worker()", "jobs.cpp", 10));

    EXPECT_EQ(groups_of(builder, {2, 3, 4}), (Ids{{2, 4}, {3}}));
}

TEST(Groups, KeepTheOrderOfFirstMention) {
    SnapshotBuilder builder;
    builder.thread(2).in(State::kSleep);
    builder.thread(3).in(State::kRunning);
    builder.thread(4).in(State::kSleep);

    EXPECT_EQ(groups_of(builder, {3, 4, 2}), (Ids{{3}, {4, 2}}));
}

TEST(Groups, LeaveOutStrangersAndRepetitions) {
    SnapshotBuilder builder;
    builder.thread(2);

    EXPECT_EQ(groups_of(builder, {9, 2, 2, 0}), (Ids{{2}}));
}

}  // namespace
