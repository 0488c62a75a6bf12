// SPDX-License-Identifier: Apache-2.0
//
// When all threads of a process slept at one moment, and what could yet wake them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/futex.h>

#include <csignal>
#include <thread>

#include "observed_child.h"
#include "read/read.h"
#include "snapshot_of.h"

namespace reader_test {
namespace {

using protocol::WaitKind;
using reader::Recording;
using snapshot::Reason;
using snapshot::Snapshot;
using snapshot::Thread;
using testing::ElementsAre;

uint32_t g_never = 0;

/// In an untimed wait on a word that nobody changes, unless told otherwise.
void sleep_on(uint32_t* word, int operation = FUTEX_WAIT_PRIVATE, const timespec* limit = nullptr) {
    while (true) syscall(SYS_futex, word, operation, 0, limit, nullptr, 0);
}

void record_wait(RecordingWriter& own, uint32_t number, const void* object, WaitKind kind = WaitKind::kCondition) {
    RecordingWriter::wait(own.start_thread(number, own_tid()), kind, reinterpret_cast<uint64_t>(object));
}

/// T1 and T2 as records and kernel agree: asleep in waits without an end.
void start_sleepers(RecordingWriter& own, SharedWords& words) {
    std::thread([&] {
        record_wait(own, 2, &g_never);
        words.tids[1] = own_tid();
        sleep_on(&g_never);
    }).detach();
    wait_until([&] { return words.tids[1] != 0; });
    record_wait(own, 1, &g_never);
    words.tids[0] = own_tid();
}

class AsleepThread : public ChildTest {
protected:
    /// Looks when threads that tell words 0 to `last` sit in their calls.
    Snapshot look(const ObservedChild::Body& body, const std::vector<long>& calls = {SYS_futex, SYS_futex}) {
        ObservedChild child(writer_, body);
        for (size_t index = 0; index < calls.size(); ++index) {
            EXPECT_TRUE(child.wait_for_call_of(index, calls[index]));
        }
        return Recording::of_process(child.pid()).take_snapshot(Reason::kDump);
    }

    RecordingWriter writer_;
};

std::vector<bool> sleepers(const Snapshot& snapshot) {
    std::vector<bool> asleep;
    for (const Thread& thread : snapshot.threads) asleep.push_back(thread.asleep);
    return asleep;
}

TEST_F(AsleepThread, SleepsInItsRecordedWaitWhileAllDo) {
    const Snapshot snapshot = look([](RecordingWriter& own, SharedWords& words) {
        start_sleepers(own, words);
        sleep_on(&g_never);
    });

    EXPECT_THAT(sleepers(snapshot), ElementsAre(true, true));
    EXPECT_FALSE(snapshot.may_lack_threads);
    for (const Thread& thread : snapshot.threads) EXPECT_FALSE(thread.wait.value().shared);
    const snapshot::Wakers& wakers = snapshot.wakers;
    EXPECT_FALSE(wakers.handler || wakers.timer || wakers.cancel || wakers.shared);
}

TEST_F(AsleepThread, IsNoneInAnotherCallThanARecordedWaitHas) {
    const timespec day{86400, 0};
    const std::pair<long, ObservedChild::Body> others[] = {
        {SYS_read, [](RecordingWriter&, SharedWords&) { block_in_read(); }},
        {SYS_futex, [&](RecordingWriter&, SharedWords&) { sleep_on(&g_never, FUTEX_WAIT_PRIVATE, &day); }},
        {SYS_clock_nanosleep,
         [&](RecordingWriter&, SharedWords&) { clock_nanosleep(CLOCK_MONOTONIC, 0, &day, nullptr); }},
    };
    for (const auto& [call, wait] : others) {
        RecordingWriter writer;
        ObservedChild child(writer, [&, wait = wait](RecordingWriter& own, SharedWords& words) {
            start_sleepers(own, words);
            wait(own, words);
        });
        ASSERT_TRUE(child.wait_for_call_of(0, call) && child.wait_for_call_of(1, SYS_futex));

        const Snapshot snapshot = Recording::of_process(child.pid()).take_snapshot(Reason::kDump);

        EXPECT_THAT(sleepers(snapshot), ElementsAre(false, true)) << call;
    }
}

TEST_F(AsleepThread, IsNoneWhileAnotherRuns) {
    ObservedChild child(writer_, [](RecordingWriter& own, SharedWords& words) {
        start_sleepers(own, words);
        while (true) words.stage = 1;
    });
    ASSERT_TRUE(child.wait_for_stage(1) && child.wait_for_call_of(1, SYS_futex));

    EXPECT_THAT(sleepers(Recording::of_process(child.pid()).take_snapshot(Reason::kDump)), ElementsAre(false, false));
}

TEST_F(AsleepThread, OutsideOfWrappersIsInAFutexOfItsOwnProcess) {
    const auto with = [](int operation) {
        return [operation](RecordingWriter& own, SharedWords& words) {
            start_sleepers(own, words);
            std::thread([&] {
                own.start_thread(3, own_tid());
                words.tids[2] = own_tid();
                sleep_on(&g_never, operation);
            }).detach();
            std::thread([&] {  // without a record
                words.tids[3] = own_tid();
                sleep_on(&g_never, operation);
            })
                .detach();
            sleep_on(&g_never);
        };
    };
    const std::vector<long> calls(4, SYS_futex);

    EXPECT_THAT(sleepers(look(with(FUTEX_WAIT_PRIVATE), calls)), ElementsAre(true, true, true, true));
    RecordingWriter writer;
    ObservedChild child(writer, with(FUTEX_WAIT));
    for (size_t index = 0; index < calls.size(); ++index) ASSERT_TRUE(child.wait_for_call_of(index, SYS_futex));
    EXPECT_THAT(sleepers(Recording::of_process(child.pid()).take_snapshot(Reason::kDump)),
                ElementsAre(true, true, false, false));
}

TEST_F(AsleepThread, IsNoneWithATornRecord) {
    const Snapshot snapshot = look([](RecordingWriter& own, SharedWords& words) {
        start_sleepers(own, words);
        own.thread(1).sequence = own.thread(1).sequence | 1U;
        sleep_on(&g_never);
    });

    EXPECT_THAT(sleepers(snapshot), ElementsAre(true, false));
    EXPECT_TRUE(snapshot.threads[1].torn);
}

// The records never change here, and each thread sleeps nearly always: but never both at once.
TEST_F(AsleepThread, IsNoneWhileTwoWakeEachOther) {
    ObservedChild child(writer_, [](RecordingWriter& own, SharedWords& words) {
        static std::atomic<uint32_t> turn{0};
        const auto play = [&](uint32_t mine) {
            while (true) {
                while (turn != mine) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1 - mine, nullptr, nullptr, 0);
                turn = 1 - mine;
                syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
            }
        };
        std::thread([&] {
            record_wait(own, 2, &turn);
            words.stage = 1;
            play(1);
        }).detach();
        wait_until([&] { return words.stage == 1; });
        record_wait(own, 1, &turn);
        words.stage = 2;
        play(0);
    });
    ASSERT_TRUE(child.wait_for_stage(2));

    const Recording recording = Recording::of_process(child.pid());
    for (int look = 0; look < 1000; ++look) {
        const Snapshot snapshot = recording.take_snapshot(Reason::kDump);
        ASSERT_THAT(sleepers(snapshot), ElementsAre(false, false)) << "look " << look;
    }
}

TEST_F(AsleepThread, WaitsForSomethingSharedWhereOtherProcessesCanReachIt) {
    const Snapshot snapshot = look([](RecordingWriter& own, SharedWords& words) {
        start_sleepers(own, words);
        own.thread(0).wait.object = reinterpret_cast<uint64_t>(&words.stage);
        sleep_on(reinterpret_cast<uint32_t*>(&words.stage));
    });

    EXPECT_THAT(sleepers(snapshot), ElementsAre(true, true));
    EXPECT_TRUE(snapshot.threads[0].wait.value().shared);
    EXPECT_FALSE(snapshot.threads[1].wait.value().shared);
}

TEST_F(AsleepThread, MayBeWokenByTheHandlersThatTheKernelKnows) {
    const auto with = [](int signal) {
        return [signal](RecordingWriter& own, SharedWords& words) {
            std::signal(signal, [](int) {});
            own.head().report_signal = SIGUSR1;
            start_sleepers(own, words);
            sleep_on(&g_never);
        };
    };
    EXPECT_TRUE(look(with(SIGALRM)).wakers.handler);
    RecordingWriter writer;
    ObservedChild child(writer, with(SIGUSR1));
    ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex) && child.wait_for_call_of(1, SYS_futex));
    EXPECT_FALSE(Recording::of_process(child.pid()).take_snapshot(Reason::kDump).wakers.handler) << "the library's own";
}

TEST_F(AsleepThread, MayBeWokenByAProcessThatRunsInItsMemory) {
    const auto with = [](int flags) {
        return [flags](RecordingWriter& own, SharedWords& words) {
            alignas(16) static char stack[16384];
            const auto body = [](void* of) {
                auto& told = *static_cast<SharedWords*>(of);
                die_with(static_cast<pid_t>(told.address));
                told.tids[2] = own_tid();
                while (true) pause();
                return 0;
            };
            words.address = static_cast<uint64_t>(getpid());
            if (flags != 0) clone(body, stack + sizeof(stack), flags, &words);
            if (flags != 0) wait_until([&] { return words.tids[2] != 0; });
            start_sleepers(own, words);
            sleep_on(&g_never);
        };
    };
    for (const int flags : {0, SIGCHLD, CLONE_VM | SIGCHLD}) {
        RecordingWriter writer;
        ObservedChild child(writer, with(flags));
        ASSERT_TRUE(child.wait_for_call_of(0, SYS_futex) && child.wait_for_call_of(1, SYS_futex));
        const Snapshot snapshot = Recording::of_process(child.pid()).take_snapshot(Reason::kDump);

        EXPECT_THAT(sleepers(snapshot), ElementsAre(true, true));
        EXPECT_EQ(snapshot.wakers.memory, (flags & CLONE_VM) != 0);
    }
}

TEST(Wakers, AreAsTheHeadNotesThem) {
    RecordingWriter writer;
    writer.start_thread(1);
    const auto noted = [&](uint32_t bits) {
        writer.head().wakers = bits;
        const snapshot::Wakers wakers = snapshot_of(writer).wakers;
        return std::vector<bool>{wakers.handler, wakers.timer, wakers.cancel, wakers.shared, wakers.completion};
    };
    EXPECT_THAT(noted(0), ElementsAre(false, false, false, false, false));
    EXPECT_THAT(noted(protocol::kWakerHandler), ElementsAre(true, false, false, false, false));
    EXPECT_THAT(noted(protocol::kWakerTimer), ElementsAre(false, true, false, false, false));
    EXPECT_THAT(noted(protocol::kWakerCancel), ElementsAre(false, false, true, false, false));
    EXPECT_THAT(noted(protocol::kWakerShared), ElementsAre(false, false, false, true, false));
    EXPECT_THAT(noted(protocol::kWakerCompletion), ElementsAre(false, false, false, false, true));
}

TEST(Threads, MayBeLackingWhereRecordingStopped) {
    RecordingWriter writer;
    writer.start_thread(1);
    EXPECT_FALSE(snapshot_of(writer).may_lack_threads);
    writer.head().stopped = protocol::Stopped::kNoRoom;
    EXPECT_TRUE(snapshot_of(writer).may_lack_threads);
}

// Notes lie in a small table: a later one of another object may have taken the place of one that counts.
TEST(LastSignal, IsUnknownWhereItsNoteMayBeOverwritten) {
    constexpr uint64_t kObject = 0x40;
    const uint32_t place = protocol::table_index(kObject, protocol::kSignalCount);
    uint64_t other = kObject + 8;
    while (protocol::table_index(other, protocol::kSignalCount) != place) other += 8;
    RecordingWriter writer;
    RecordingWriter::wait(writer.start_thread(1), WaitKind::kCondition, kObject, 20 * kSecond);
    protocol::LastSignal& note = writer.start_thread(2).signals[place];
    const auto is_unknown = [&](uint64_t object, uint64_t time_ns) {
        note.object = object;
        note.time_ns = time_ns;
        return thread_of(snapshot_of(writer), 1).wait.value().signal_unknown;
    };

    EXPECT_FALSE(is_unknown(other, 19 * kSecond));
    EXPECT_TRUE(is_unknown(other, 21 * kSecond));
    EXPECT_FALSE(is_unknown(kObject, 21 * kSecond));
    protocol::LastSignal& another = writer.start_thread(3).signals[place];
    another.object = other;
    another.time_ns = 20 * kSecond;
    EXPECT_TRUE(is_unknown(kObject, 21 * kSecond)) << "of another thread's table";
}

}  // namespace
}  // namespace reader_test
