// SPDX-License-Identifier: Apache-2.0
//
// A recording is read while it is written: what is reported of a thread is of one moment, never the object of one
// wait with the stack or the lock of another.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "read/read.h"
#include "tests/targets/paired_waits.h"
#include "tests/targets/recorded_program.h"

namespace {

using Places = std::map<uint64_t, std::set<uint64_t>>;  ///< by side, the innermost addresses of stacks

uint64_t innermost(const snapshot::Snapshot& snapshot, snapshot::StackIndex stack) {
    const auto& frames = snapshot.stacks.at(stack).frames;
    return frames.empty() ? 0 : frames.front().address;
}

/// Both sides were seen, each at one place that the other has not.
void expect_apart(const Places& places) {
    ASSERT_EQ(places.size(), 2U);
    ASSERT_EQ(places.at(0).size(), 1U);
    ASSERT_EQ(places.at(1).size(), 1U);
    EXPECT_NE(*places.at(0).begin(), 0U);
    EXPECT_NE(*places.at(0).begin(), *places.at(1).begin());
}

TEST(PairedWaits, AreNeverMixedHoweverOftenTheyAreLookedAt) {
    support::RecordedProgram recorded({PAIRED_WAITS});
    ASSERT_TRUE(recorded.program().await_output("\n"));
    const uint64_t base = std::stoull(recorded.program().output().substr(sizeof("sides")));
    const auto recording = reader::Recording::open(recorded.first_recording());
    Places waits;
    Places holds;
    int waits_seen = 0;
    int torn = 0;

    for (int look = 0; look < 2000; ++look) {
        const snapshot::Snapshot snapshot = recording.take_snapshot(snapshot::Reason::kDump, {.watch_running = false});
        for (const snapshot::Thread& thread : snapshot.threads) {
            torn += thread.torn ? 1 : 0;
            if (thread.torn || !thread.wait || thread.state != snapshot::State::kSemaphore) continue;
            ++waits_seen;
            const uint64_t semaphore = thread.wait->object.address;
            const uint64_t side = (semaphore - base) / (paired::kThreads * paired::kStride);
            ASSERT_LT(side, 2U) << "look " << look;
            ASSERT_EQ(thread.holds.size(), 1U) << "look " << look;
            ASSERT_EQ(thread.holds[0].lock.address, semaphore - paired::kSemaphoreAt) << "look " << look;
            waits[side].insert(innermost(snapshot, thread.stack));
            holds[side].insert(innermost(snapshot, thread.holds[0].acquired_at));
        }
    }

    EXPECT_GT(waits_seen, 500);
    EXPECT_LT(torn, 200) << "most come to rest while they are read";
    expect_apart(waits);
    expect_apart(holds);
}

}  // namespace
