// SPDX-License-Identifier: Apache-2.0
//
// Where in a lock of libc's the futex lies on which it waits.
#include "read/outside/library_waits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "read/owners/lock_words.h"

namespace {

using reader::library_wait;
using reader::LibraryWait;
using reader::SystemCall;
using snapshot::LockKind;
using snapshot::State;

constexpr uint64_t kLock = 0x7000;

SystemCall waiting(uint64_t futex, int command, uint32_t expected) {
    SystemCall call;
    call.number = SYS_futex;
    call.arguments = {futex, static_cast<uint64_t>(command | FUTEX_PRIVATE_FLAG), expected, 0, 0, 0};
    return call;
}

void expect(const LibraryWait& wait, State state, LockKind kind, uint64_t address) {
    EXPECT_EQ(wait.state, state);
    EXPECT_EQ(wait.kind, kind);
    EXPECT_EQ(wait.address, address);
}

TEST(LibraryWait, FindsTheRwlockByEachOfItsFutexes) {
    using Fields = decltype(pthread_rwlock_t::__data);
    const uint64_t phase = kLock + offsetof(Fields, __wrphase_futex);
    const uint64_t writers = kLock + offsetof(Fields, __writers_futex);
    const uint64_t readers = kLock + offsetof(Fields, __readers);

    expect(library_wait(waiting(phase, FUTEX_WAIT_BITSET, 3), "pthread_rwlock_rdlock"), State::kRwlockRead,
           LockKind::kRwlock, kLock);
    expect(library_wait(waiting(readers, FUTEX_WAIT_BITSET, 8 + 4), "pthread_rwlock_timedrdlock"), State::kRwlockRead,
           LockKind::kRwlock, kLock);
    expect(library_wait(waiting(writers, FUTEX_WAIT_BITSET, 3), "pthread_rwlock_wrlock"), State::kRwlockWrite,
           LockKind::kRwlock, kLock);
    expect(library_wait(waiting(phase, FUTEX_WAIT_BITSET, 2), "pthread_rwlock_wrlock"), State::kRwlockWrite,
           LockKind::kRwlock, kLock);
}

TEST(LibraryWait, FindsTheConditionByBothOfItsGroups) {
    for (const uint64_t group : {0, 1}) {
        const uint64_t futex = kLock + offsetof(decltype(pthread_cond_t::__data), __g_signals) + 4 * group;
        expect(library_wait(waiting(futex, FUTEX_WAIT_BITSET, 0), "pthread_cond_clockwait"), State::kConditionWait,
               LockKind::kCondition, kLock);
    }
}

TEST(LibraryWait, OfAConditionThatWasSignalledIsForItsMutex) {
    expect(library_wait(waiting(kLock, FUTEX_WAIT, 2), "pthread_cond_wait"), State::kMutexLock, LockKind::kMutex,
           kLock);
    expect(library_wait(waiting(kLock, FUTEX_LOCK_PI, 0), "pthread_cond_wait"), State::kMutexLock, LockKind::kMutex,
           kLock);
}

TEST(LibraryWait, OfAJoinKnowsTheThreadByTheFutexValue) {
    const LibraryWait wait = library_wait(waiting(kLock, FUTEX_WAIT_BITSET, 4711), "thrd_join");

    expect(wait, State::kJoin, LockKind::kThread, 0);
    EXPECT_EQ(wait.joins_tid, 4711U);
}

TEST(LibraryWait, ForTransfersOfLibcsOwnThreadsIsInIo) {
    for (const char* const function : {"aio_suspend", "lio_listio", "gai_suspend"}) {
        const LibraryWait wait = library_wait(waiting(kLock, FUTEX_WAIT_BITSET, 1), function);
        expect(wait, State::kIo, LockKind::kUnknown, 0);
        EXPECT_EQ(wait.io_function, function);
    }
    EXPECT_EQ(library_wait(waiting(kLock, FUTEX_WAIT_BITSET, 1), "aio_suspend64").io_function, "aio_suspend");
}

TEST(LibraryWait, IsAlikeInFunctionsThatWaitForTheSame) {
    EXPECT_TRUE(reader::wait_alike("pthread_join", "pthread_timedjoin_np"));
    EXPECT_FALSE(reader::wait_alike("pthread_join", "sem_wait"));
    EXPECT_FALSE(reader::wait_alike("aio_suspend", "lio_listio"));
    EXPECT_FALSE(reader::wait_alike("malloc", "malloc"));
}

TEST(LibraryWait, InAFunctionThatIsNotKnownIsNothingMoreThanAFutex) {
    expect(library_wait(waiting(kLock, FUTEX_WAIT, 2), "malloc"), State::kUnknown, LockKind::kUnknown, 0);
    expect(library_wait(waiting(kLock, FUTEX_WAIT, 2), ""), State::kUnknown, LockKind::kUnknown, 0);
}

TEST(LockWords, OfWhatIsNoLockAreNone) {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    const auto read = [&](uint64_t, void* to, size_t bytes) {
        std::memcpy(to, &mutex, std::min(bytes, sizeof(mutex)));
        return reader::MemoryRead{bytes, 0};
    };
    const reader::LocksToAsk asked{{kLock, protocol::LockKind::kMutex}};

    EXPECT_EQ(reader::read_lock_words(read, asked).owner_tids.at(kLock), static_cast<uint32_t>(gettid()));
    mutex.__data.__kind = 0x7f00;
    EXPECT_TRUE(reader::read_lock_words(read, asked).owner_tids.empty());
}

}  // namespace
