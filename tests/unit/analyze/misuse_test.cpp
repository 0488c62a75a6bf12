// SPDX-License-Identifier: Apache-2.0
#include "analyze/misuse.h"

#include <gtest/gtest.h>

#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::frame;
using support::SnapshotBuilder;
using support::std_header_frame;

/// T1 has called std::terminate, from ~thread() in a function of the program.
struct DestroyedThread : SnapshotBuilder {
    snapshot::Misuse misuse;

    DestroyedThread() {
        misuse.kind = snapshot::MisuseKind::kUnjoinedDestroyed;
        misuse.object.kind = snapshot::LockKind::kThread;
        misuse.thread = 1;
        thread(1);
        at({std_header_frame("std::thread::~thread()"), frame("serve()", "server.cpp", 9)});
    }
    void at(const support::Frames& frames) { misuse.stack = stack(frames); }
    Lines words() {
        snapshot().misuses = {misuse};
        Lines lines;
        for (const snapshot::Misuse& one : find_misuses(build(), {})) lines.push_back(misuse_words(one));
        return lines;
    }
};

TEST(DestroyedThreads, AreNamedWhereTheRecordingDoes) {
    DestroyedThread destroyed;
    destroyed.thread(2);
    destroyed.thread(3);
    destroyed.misuse.other_thread = 3;

    EXPECT_EQ(destroyed.words(), Lines{"T1 destroyed the std::thread of T3, neither joined nor detached"});
}

TEST(DestroyedThreads, AreTheOnlyOneThatCanBeJoined) {
    DestroyedThread destroyed;
    destroyed.thread(2).joined();
    destroyed.thread(3).finished();
    destroyed.thread(4).detached();
    destroyed.thread(5).entry(frame("pool_worker(void*)", "pool.c", 3));
    EXPECT_EQ(destroyed.words(), Lines{"T1 destroyed the std::thread of T3, neither joined nor detached"});

    destroyed.snapshot().losses.threads = 1;
    EXPECT_EQ(destroyed.words(), Lines{"T1 destroyed a std::thread, neither joined nor detached: probably that of T3"});
}

TEST(DestroyedThreads, AreOneOfThoseThatCanBeJoined) {
    DestroyedThread destroyed;
    for (const uint32_t id : {2U, 3U, 4U}) destroyed.thread(id);

    EXPECT_EQ(destroyed.words(),
              Lines{"T1 destroyed a std::thread, neither joined nor detached: that of one of T2, T3 and T4"});
}

TEST(DestroyedThreads, AreToldOfLlvmsLibraryToo) {
    DestroyedThread destroyed;
    destroyed.thread(2);
    destroyed.thread(3).entry(frame("void* std::__1::__thread_proxy<std::__1::tuple<> >(void*)", "thread", 200));
    destroyed.misuse.other_thread = 3;
    destroyed.at({support::frame_in("/lib/libc++.so.1", "std::__1::thread::~thread()"), frame("serve()", "a.cpp", 9)});
    EXPECT_EQ(destroyed.words(), Lines{"T1 destroyed the std::thread of T3, neither joined nor detached"});

    destroyed.misuse.other_thread = 0;
    EXPECT_EQ(destroyed.words(),
              Lines{"T1 destroyed a std::thread, neither joined nor detached: that of one of T2 and T3"});
}

TEST(DestroyedThreads, AreNotNamedByWhatWasToReplaceThem) {
    DestroyedThread destroyed;
    destroyed.thread(2);
    destroyed.thread(3);
    destroyed.misuse.other_thread = 3;
    destroyed.at({std_header_frame("std::thread::operator=(std::thread&&)"), frame("serve()", "server.cpp", 9)});

    EXPECT_EQ(destroyed.words(),
              Lines{"T1 destroyed a std::thread, neither joined nor detached: that of one of T2 and T3"});
}

TEST(DestroyedThreads, AreNotSeenWhereTheCodeDoesSomethingElse) {
    DestroyedThread destroyed;
    destroyed.thread(2);
    destroyed.misuse.other_thread = 2;
    destroyed.at({frame("give_up()", "server.cpp", 20)});
    EXPECT_EQ(destroyed.words(), Lines{});

    // Without debug information the code says nothing, but what it had at hand.
    destroyed.at({support::frame_in("/srv/bank/bin/bank", "give_up()")});
    EXPECT_EQ(destroyed.words(),
              Lines{"T1 called std::terminate with the std::thread of T2 at hand, neither joined nor detached"});
    destroyed.misuse.other_thread = 0;
    EXPECT_EQ(destroyed.words(), Lines{});
}

}  // namespace
}  // namespace analyze
