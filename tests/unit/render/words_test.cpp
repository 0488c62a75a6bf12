// SPDX-License-Identifier: Apache-2.0
#include "render/words.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/snapshot_builder.h"

namespace {

using render::state_words;
using render::thread_list;
using snapshot::State;
using snapshot::Thread;
using support::condition;
using support::SnapshotBuilder;

Thread thread_in(State state) {
    Thread thread;
    thread.state = state;
    return thread;
}

std::string words_of(const Thread& thread) {
    return state_words({&thread});
}

TEST(ThreadWords, LeaveOutANameThatIsOnlyTheProgramsOwn) {
    snapshot::Snapshot snapshot;
    snapshot.process.exe = "/bin/opposite_lock_order";
    snapshot.threads.resize(2);
    snapshot.threads[0].id = 1;
    snapshot.threads[0].name = "opposite_lock_o";  // as much as the kernel keeps
    snapshot.threads[1].id = 2;
    snapshot.threads[1].name = "teller";

    EXPECT_EQ(render::thread_words(snapshot, 1), "T1");
    EXPECT_EQ(render::thread_words(snapshot, 2), "T2 \"teller\"");
}

TEST(ThreadList, SpellsShortLists) {
    EXPECT_EQ(thread_list({4, 5, 6}), "T4, T5, T6");
    EXPECT_EQ(thread_list({}), "");
}

TEST(ThreadList, WritesLongListsInRuns) {
    std::vector<uint32_t> ids(32);
    std::iota(ids.begin(), ids.end(), 4);
    EXPECT_EQ(thread_list(ids), "T4-T35");

    ids.insert(ids.end(), {40, 50, 51});
    EXPECT_EQ(thread_list(ids), "T4-T35, T40, T50, T51");
}

TEST(ThreadList, CutsWhatNobodyReads) {
    std::vector<uint32_t> ids;
    for (uint32_t id = 2; id <= 60; id += 2) ids.push_back(id);
    EXPECT_EQ(thread_list(ids),
              "T2, T4, T6, T8, T10, T12, T14, T16, T18, T20, T22, T24, T26, T28, T30, T32 and 14 more");
}

TEST(ThreadWords, NameTheThreadWhereItHasAName) {
    SnapshotBuilder builder;
    builder.thread(2).named("tel\x1bler");
    builder.thread(3);
    const snapshot::Snapshot snapshot = builder.build();

    EXPECT_EQ(render::thread_words(snapshot, 2), "T2 \"tel\\x1bler\"");
    EXPECT_EQ(render::thread_words(snapshot, 3), "T3");
    EXPECT_EQ(render::thread_words(snapshot, 9), "T9");
}

TEST(ObjectWords, PreferTheSymbol) {
    EXPECT_EQ(render::object_words(support::mutex(0x5581c0e8, "g_ledger")), "mutex g_ledger (0x5581c0e8)");
    EXPECT_EQ(render::object_words(support::spin_lock(0x5581c0e8)), "spin lock 0x5581c0e8");
    EXPECT_EQ(render::short_object_words(support::rwlock(0x10, "g_rw")), "rwlock g_rw");
}

TEST(StateWords, TellTheTimeOfTheState) {
    Thread thread = thread_in(State::kMutexLock);
    EXPECT_EQ(words_of(thread), "mutex lock");
    thread.for_seconds = 3.2;
    EXPECT_EQ(words_of(thread), "mutex lock, 3.2s");
    thread.for_is_lower_bound = true;
    EXPECT_EQ(words_of(thread), "mutex lock, at least 3.2s");
}

TEST(AgeWords, TellALowerBoundAsOne) {
    Thread thread;
    thread.age_seconds = 3.2;
    EXPECT_EQ(render::age_words({&thread}), "age 3.2s");
    thread.age_is_lower_bound = true;
    EXPECT_EQ(render::age_words({&thread}), "age at least 3.2s");
}

TEST(StateWords, TellTheBoundOfABoundedWait) {
    Thread thread = thread_in(State::kConditionWait);
    thread.timed = true;
    EXPECT_EQ(words_of(thread), "cond wait, bounded");
    thread.timeout_seconds = 30;
    EXPECT_EQ(words_of(thread), "cond wait, at most 30s");
    thread.for_seconds = 12;
    EXPECT_EQ(words_of(thread), "cond wait, 12s of 30s");
    thread.left_seconds = 18;
    EXPECT_EQ(words_of(thread), "cond wait, 12s of 30s, 18s left");
    thread.timeout_seconds.reset();
    EXPECT_EQ(words_of(thread), "cond wait, 12s, 18s left");
}

TEST(StateWords, TellTheRangeOfAGroup) {
    Thread first = thread_in(State::kSemaphore);
    Thread second = first;
    Thread third = first;
    first.for_seconds = 12.1;
    second.for_seconds = 11.9;
    EXPECT_EQ(state_words({&first, &second, &third}), "semaphore, 11.9~12.1s");
    second.for_is_lower_bound = true;
    EXPECT_EQ(state_words({&first, &second, &third}), "semaphore, at least 11.9s");
}

TEST(StateWords, TellTheShareOfAProcessor) {
    Thread first = thread_in(State::kSpinning);
    Thread second = first;
    first.cpu_share = 0.98;
    second.cpu_share = 0.954;
    EXPECT_EQ(words_of(first), "spinning, 98% CPU");
    EXPECT_EQ(state_words({&first, &second}), "spinning, 95~98% CPU");
}

TEST(StateWords, TellHowMuchTheyAreToBeTrusted) {
    Thread thread = thread_in(State::kRunning);
    thread.last_recorded = true;
    EXPECT_EQ(words_of(thread), "running (last recorded)");
    thread.last_recorded = false;
    thread.torn = true;
    EXPECT_EQ(words_of(thread), "running, was changing while it was read");
}

TEST(StateWords, TellWhenAThreadExited) {
    Thread thread = thread_in(State::kExited);
    EXPECT_EQ(words_of(thread), "exited");
    thread.for_seconds = 2;
    EXPECT_EQ(words_of(thread), "exited, 2s ago");
}

TEST(StateWords, DisarmTheNameOfTheCall) {
    Thread thread = thread_in(State::kIo);
    thread.io_function = "re\x1b[2Jad";
    EXPECT_EQ(words_of(thread), "io re\\x1b[2Jad");
}

TEST(AgeWords, TellTheShareOfOneThread) {
    Thread thread = thread_in(State::kSpinning);
    EXPECT_EQ(render::age_words({&thread}), "");
    thread.age_seconds = 4;
    EXPECT_EQ(render::age_words({&thread}), "age 4s");
    thread.cpu_seconds = 3;
    EXPECT_EQ(render::age_words({&thread}), "age 4s, CPU time 3s (75%)");
    Thread other = thread;
    other.cpu_seconds = 3.5;
    EXPECT_EQ(render::age_words({&thread, &other}), "age 4s, CPU time 3~3.5s");
}

TEST(SignalName, IsKnownForTheClassicOnes) {
    EXPECT_EQ(render::signal_name(9), "SIGKILL");
    EXPECT_EQ(render::signal_name(11), "SIGSEGV");
    EXPECT_EQ(render::signal_name(15), "SIGTERM");
    EXPECT_EQ(render::signal_name(31), "SIGSYS");
    EXPECT_EQ(render::signal_name(0), "");
    EXPECT_EQ(render::signal_name(34), "");
    EXPECT_EQ(render::signal_name(-1), "");
}

}  // namespace
