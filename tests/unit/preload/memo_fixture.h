// SPDX-License-Identifier: Apache-2.0
//
// A thread with a memo, whose every stack is compared with libunwind's. No heap while all is well,
// so that it can look from signal handlers.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "fake_recording.h"
#include "observed_stack.h"

class MemoTest : public testing::Test {
public:
    /// Takes the caller's stack, and compares.
    static void visit();
    /// The same in two halves, for callers that capture themselves: notes what `last` has.
    static uint64_t recalled_so_far();
    static void compare(uint64_t recalled_before);

    /// What visits saw since the test began.
    struct Tally {
        int compared = 0;
        int equal = 0;     ///< others were marked, or wrong
        int recalled = 0;  ///< not walked
        int wrong = 0;     ///< neither equal nor marked as cut short
        std::string first_wrong;
    };
    static Tally tally;
    static ObservedStack last;
    static uint32_t last_id;
    static uintptr_t last_sp;  ///< where it was captured
    static preload::StackLimits limits;

protected:
    MemoTest();
    ~MemoTest() override;

    FakeRecording recording{64 << 20};
};
