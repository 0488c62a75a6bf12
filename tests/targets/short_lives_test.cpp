// SPDX-License-Identifier: Apache-2.0
//
// Threads that have come and gone leave no record behind, however many there were.
#include <gtest/gtest.h>

#include "tests/targets/recorded_program.h"

namespace {

using protocol::ThreadRecord;
using support::RawRecording;
using support::RecordedProgram;

TEST(ShortLives, OfDetachedThreadsGiveTheirSlotsBack) {
    RecordedProgram recorded({SHORT_LIVES, "detached"});
    support::said_number(recorded.program(), "done");

    const RawRecording raw(recorded.first_recording());
    EXPECT_EQ(raw.head().created_total, 3007U);
    EXPECT_EQ(raw.threads().size(), 1U);
}

TEST(ShortLives, OfAdoptedThreadsGiveTheirSlotsBack) {
    RecordedProgram recorded({SHORT_LIVES, "timer"});
    support::said_number(recorded.program(), "done");

    const RawRecording raw(recorded.first_recording());
    EXPECT_GT(raw.head().created_total, 3000U);
    EXPECT_EQ(raw.threads().size(), 1U);
}

TEST(ShortLives, TheMemoryOfAPthreadTMayBeGone) {
    RecordedProgram recorded({SHORT_LIVES, "unmapped"}, std::string(" ") + LATE_CREATE);
    EXPECT_EQ(support::said_number(recorded.program(), "done"), 0U);

    // Finished and not joined: its record stays.
    EXPECT_EQ(RawRecording(recorded.first_recording()).threads().size(), 2U);
}

}  // namespace
