// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <string>

#include "read/calls/futex.h"
#include "read/calls/system_calls.h"

namespace reader_test {
namespace {

using protocol::WaitKind;
using reader::KernelWait;
using reader::SystemCall;
using snapshot::State;

SystemCall system_call(long number, std::array<uint64_t, 6> arguments = {}) {
    SystemCall made;
    made.number = number;
    made.arguments = arguments;
    made.stack_pointer = 0x7ffd0000;
    return made;
}

SystemCall running() {
    SystemCall made;
    made.running = true;
    return made;
}

TEST(KernelWait, OfIoIsTheLibcFunctionAndItsDescriptor) {
    const std::pair<long, std::string> calls[] = {
        {SYS_read, "read"},       {SYS_recvfrom, "recvfrom"}, {SYS_epoll_wait, "epoll_wait"},
        {SYS_accept4, "accept4"}, {SYS_connect, "connect"},   {SYS_pread64, "pread64"},
        {SYS_fsync, "fsync"},     {SYS_splice, "splice"},     {SYS_io_uring_enter, "io_uring_enter"}};
    for (const auto& [number, function] : calls) {
        const KernelWait wait = reader::kernel_wait(system_call(number, {5}));
        EXPECT_EQ(wait.state, State::kIo);
        EXPECT_EQ(wait.io_function, function);
        EXPECT_EQ(wait.descriptor, 5) << function;
        EXPECT_EQ(wait.timed, number == SYS_epoll_wait) << function;
    }
    const std::pair<long, std::string> without_descriptor[] = {
        {SYS_poll, "poll"}, {SYS_pselect6, "pselect"}, {SYS_msgrcv, "msgrcv"}, {SYS_openat, "openat"}};
    for (const auto& [number, function] : without_descriptor) {
        EXPECT_EQ(reader::kernel_wait(system_call(number, {5})).io_function, function);
        EXPECT_EQ(reader::kernel_wait(system_call(number, {5})).descriptor, std::nullopt) << function;
    }
}

TEST(KernelWait, OfFutexesMayBeTimed) {
    const KernelWait untimed = reader::kernel_wait(system_call(SYS_futex, {0x40, FUTEX_WAIT_PRIVATE, 2, 0}));
    EXPECT_EQ(untimed.state, State::kFutex);
    EXPECT_EQ(untimed.futex, 0x40U);
    EXPECT_FALSE(untimed.timed);
    EXPECT_TRUE(
        reader::kernel_wait(system_call(SYS_futex, {0x40, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 2, 0x99})).timed);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_futex, {0x40, FUTEX_WAKE, 1})).state, State::kRunning);
}

TEST(UntimedFutexWait, IsOneWithoutALimitThatMayHaveToBePrivate) {
    const auto wait = [](uint64_t operation, uint64_t limit = 0) {
        return system_call(SYS_futex, {0x40, operation, 0, limit});
    };
    EXPECT_TRUE(reader::is_untimed_futex_wait(wait(FUTEX_WAIT_PRIVATE), true));
    EXPECT_FALSE(reader::is_untimed_futex_wait(wait(FUTEX_WAIT), true));
    EXPECT_TRUE(reader::is_untimed_futex_wait(wait(FUTEX_WAIT), false));
    EXPECT_FALSE(reader::is_untimed_futex_wait(wait(FUTEX_WAIT_PRIVATE, 0x7f01), false));
    EXPECT_FALSE(reader::is_untimed_futex_wait(wait(FUTEX_WAKE_PRIVATE), false));
    EXPECT_FALSE(reader::is_untimed_futex_wait(system_call(SYS_restart_syscall), false));
    EXPECT_FALSE(reader::is_untimed_futex_wait(running(), false));
}

TEST(KernelWait, KnowsSleepersWaitersForChildrenSignalsAndFileLocks) {
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_clock_nanosleep)).state, State::kSleep);
    EXPECT_TRUE(reader::kernel_wait(system_call(SYS_nanosleep)).timed);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_restart_syscall)).state, State::kSleep);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_wait4)).state, State::kChildWait);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_waitid)).state, State::kChildWait);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_clone)).state, State::kRunning);
    SystemCall vfork_like = system_call(SYS_clone);
    vfork_like.awaits_new_child = true;
    EXPECT_EQ(reader::kernel_wait(vfork_like).state, State::kChildWait);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_pause)).state, State::kSignalWait);
    EXPECT_TRUE(reader::kernel_wait(system_call(SYS_rt_sigtimedwait, {1, 2, 3})).timed);
    EXPECT_FALSE(reader::kernel_wait(system_call(SYS_rt_sigtimedwait, {1, 2, 0})).timed);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_flock, {6})).state, State::kFileLock);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_flock, {6})).descriptor, 6);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_fcntl, {6, F_SETLKW})).state, State::kFileLock);
    EXPECT_EQ(reader::kernel_wait(system_call(SYS_fcntl, {6, F_GETFL})).state, State::kRunning);
    EXPECT_EQ(reader::kernel_wait(running()).state, State::kRunning);
    EXPECT_EQ(reader::kernel_wait(system_call(-1)).state, State::kRunning);
    EXPECT_EQ(reader::kernel_wait(system_call(99999)).state, State::kRunning);
}

TEST(RecordedWait, AgreesWithTheFutexOfItsLockOnly) {
    const SystemCall on_40 = system_call(SYS_futex, {0x40, FUTEX_WAIT_PRIVATE});
    EXPECT_TRUE(reader::agrees(on_40, WaitKind::kMutex, 0x40));
    EXPECT_FALSE(reader::agrees(on_40, WaitKind::kMutex, 0x48));
    EXPECT_TRUE(reader::agrees(on_40, WaitKind::kRwlockWrite, 0x38));
    EXPECT_FALSE(reader::agrees(on_40, WaitKind::kRwlockRead, 0x48));
    EXPECT_TRUE(reader::agrees(on_40, WaitKind::kCondition, 0x999));
    EXPECT_FALSE(reader::agrees(on_40, WaitKind::kSleep, 0));
    EXPECT_FALSE(reader::agrees(running(), WaitKind::kMutex, 0x40));
    EXPECT_FALSE(reader::agrees(running(), WaitKind::kJoin, 0x40));
    EXPECT_TRUE(reader::agrees(running(), WaitKind::kSpin, 0x40));
    EXPECT_FALSE(reader::agrees(system_call(SYS_read), WaitKind::kSemaphore, 0x40));
    EXPECT_TRUE(reader::agrees(system_call(SYS_restart_syscall), WaitKind::kMutex, 0x40));
    EXPECT_TRUE(reader::agrees(system_call(SYS_clock_nanosleep), WaitKind::kSleep, 0));
}

TEST(RecordedWait, AgreesWithItsFutexAndWithFutexWaitv) {
    EXPECT_TRUE(reader::agrees(system_call(SYS_futex, {0x40, FUTEX_WAIT_PRIVATE}), WaitKind::kFutex, 0x40));
    EXPECT_FALSE(reader::agrees(system_call(SYS_futex, {0x48, FUTEX_WAIT_PRIVATE}), WaitKind::kFutex, 0x40));
    EXPECT_FALSE(reader::agrees(system_call(SYS_futex, {0x40, FUTEX_WAKE_PRIVATE}), WaitKind::kFutex, 0x40));
    EXPECT_TRUE(reader::agrees(system_call(SYS_futex_waitv, {0x99, 2}), WaitKind::kFutex, 0x40));
    EXPECT_TRUE(reader::agrees(system_call(SYS_restart_syscall), WaitKind::kFutex, 0x40));
    EXPECT_FALSE(reader::agrees(running(), WaitKind::kFutex, 0x40));
}

TEST(FutexCall, SaysWhatItExpectsAndHowItWaits) {
    const auto words = [](uint32_t expected, uint32_t operation, uint32_t count = 1) {
        return describe(reader::recorded_futex_call(protocol::futex_detail(expected, operation, count)));
    };
    EXPECT_EQ(words(2, FUTEX_WAIT), "expects 2, in FUTEX_WAIT");
    EXPECT_EQ(words(0xffffffff, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME),
              "expects 4294967295, in FUTEX_WAIT_BITSET");
    EXPECT_EQ(words(0, FUTEX_WAIT_REQUEUE_PI_PRIVATE), "expects 0, in FUTEX_WAIT_REQUEUE_PI");
    EXPECT_EQ(words(7, FUTEX_LOCK_PI_PRIVATE), "in FUTEX_LOCK_PI");
    EXPECT_EQ(words(7, 13), "in FUTEX_LOCK_PI2");
    EXPECT_EQ(words(2, protocol::kFutexWaitv, 3), "expects 2, the first of 3, in futex_waitv");
    EXPECT_EQ(words(2, protocol::kFutexWaitv, 1), "expects 2, in futex_waitv");
    EXPECT_EQ(words(2, FUTEX_WAKE), "");
    EXPECT_EQ(describe(reader::kernel_futex_call(system_call(SYS_futex, {0x40, FUTEX_WAIT_PRIVATE, 5}))),
              "expects 5, in FUTEX_WAIT");
}

TEST(RecordedWait, ForAMutexThatTheKernelRefusedLastsForEver) {
    EXPECT_TRUE(reader::agrees(system_call(SYS_futex, {0x7ffd0010, FUTEX_WAIT_PRIVATE}), WaitKind::kMutex, 0x40));
    EXPECT_FALSE(
        reader::agrees(system_call(SYS_futex, {0x7ffd0010, FUTEX_WAIT_PRIVATE, 0, 0x99}), WaitKind::kMutex, 0x40));
}

}  // namespace
}  // namespace reader_test
