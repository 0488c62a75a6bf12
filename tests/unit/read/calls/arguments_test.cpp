// SPDX-License-Identifier: Apache-2.0
//
// What a call's arguments point to, read from this very process.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

#include "protocol/layout.h"
#include "read/calls/awaited_signals.h"
#include "read/calls/bounds.h"
#include "read/calls/lock_requests.h"
#include "read/calls/poll_sets.h"
#include "read/calls/system_v.h"
#include "read/calls/words.h"

namespace reader_test {
namespace {

using reader::SystemCall;
using testing::ElementsAre;

constexpr uint64_t kNowhere = 0x10;  // the page at 0 is never mapped

SystemCall call(long number, std::array<uint64_t, 6> arguments) {
    SystemCall made;
    made.number = number;
    made.arguments = arguments;
    return made;
}

template <typename Value>
uint64_t at(Value& value) {
    return reinterpret_cast<uint64_t>(&value);
}

uint32_t own_pid() {
    return static_cast<uint32_t>(getpid());
}

TEST(PollSet, HasTheDescriptorsThatAreNotNegative) {
    pollfd entries[] = {{7, POLLIN, 0}, {-1, POLLIN, 0}, {9, POLLOUT, 0}};
    for (const long number : {SYS_poll, SYS_ppoll}) {
        const auto set = reader::poll_set_of(own_pid(), call(number, {at(entries), 3}));
        ASSERT_TRUE(set);
        EXPECT_THAT(set->descriptors, ElementsAre(7, 9));
        EXPECT_EQ(set->total, 2U);
    }
}

TEST(PollSet, OfSelectIsTheUnionOfItsSets) {
    fd_set in;
    fd_set out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(3, &in);
    FD_SET(64, &out);
    FD_SET(70, &out);
    const auto set = reader::poll_set_of(own_pid(), call(SYS_pselect6, {66, at(in), at(out), 0}));
    ASSERT_TRUE(set);
    EXPECT_THAT(set->descriptors, ElementsAre(3, 64)) << "70 is beyond the count";
}

TEST(PollSet, ThatCannotBeReadIsNone) {
    EXPECT_FALSE(reader::poll_set_of(own_pid(), call(SYS_poll, {kNowhere, 1})));
    EXPECT_FALSE(reader::poll_set_of(own_pid(), call(SYS_poll, {kNowhere, UINT64_MAX})));
    EXPECT_FALSE(reader::poll_set_of(own_pid(), call(SYS_select, {1024, kNowhere})));
    EXPECT_FALSE(reader::poll_set_of(own_pid(), call(SYS_read, {1})));
    EXPECT_EQ(reader::poll_set_of(own_pid(), call(SYS_select, {UINT64_MAX, kNowhere}))->total, 0U);
}

TEST(Bound, OfARelativeTimeIsTheWhole) {
    timespec time{90, 500'000'000};
    EXPECT_EQ(reader::bound_of(own_pid(), call(SYS_poll, {0, 0, 1500})).whole_seconds, 1.5);
    EXPECT_EQ(reader::bound_of(own_pid(), call(SYS_ppoll, {0, 0, at(time)})).whole_seconds, 90.5);
    EXPECT_EQ(reader::bound_of(own_pid(), call(SYS_futex, {0x40, FUTEX_WAIT, 0, at(time)})).whole_seconds, 90.5);
    EXPECT_EQ(reader::bound_of(own_pid(), call(SYS_ppoll, {0, 0, at(time)})).left_seconds, std::nullopt);
}

TEST(Bound, OfAnAbsoluteTimeIsWhatIsLeft) {
    timespec end = {};
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 1000;
    const auto left = [&](const SystemCall& made) { return reader::bound_of(own_pid(), made).left_seconds; };
    for (const SystemCall& made : {call(SYS_clock_nanosleep, {CLOCK_MONOTONIC, TIMER_ABSTIME, at(end)}),
                                   call(SYS_futex, {0x40, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, at(end)}),
                                   call(SYS_futex_waitv, {0x40, 1, 0, at(end), CLOCK_MONOTONIC})}) {
        ASSERT_TRUE(left(made)) << made.number;
        EXPECT_GT(*left(made), 500) << made.number;
        EXPECT_LE(*left(made), 1000) << made.number;
    }
    end.tv_sec -= 2000;
    if (end.tv_sec < 0) return;  // a machine that has just come up
    EXPECT_EQ(left(call(SYS_clock_nanosleep, {CLOCK_MONOTONIC, TIMER_ABSTIME, at(end)})), 0);
}

TEST(Bound, ThatIsNoneOrCannotBeReadIsNotKnown) {
    timespec negative{-1, 0};
    timespec wrong{1, 1'000'000'000};
    for (const SystemCall& made :
         {call(SYS_poll, {0, 0, UINT64_MAX}), call(SYS_ppoll, {0, 0, 0}), call(SYS_ppoll, {0, 0, kNowhere}),
          call(SYS_ppoll, {0, 0, at(negative)}), call(SYS_ppoll, {0, 0, at(wrong)}), call(SYS_read, {1})}) {
        const reader::Bound bound = reader::bound_of(own_pid(), made);
        EXPECT_FALSE(bound.left_seconds || bound.whole_seconds) << made.number;
    }
    EXPECT_FALSE(reader::is_bounded(call(SYS_poll, {0, 0, 0xffffffff})));
    EXPECT_TRUE(reader::is_bounded(call(SYS_poll, {0, 0, 0})));
}

TEST(LockRequest, OfFcntlHasKindModeAndRange) {
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 10;
    lock.l_len = 20;
    const auto request = [&](uint64_t command, std::optional<uint64_t> position = {}) {
        return reader::request_of(own_pid(), call(SYS_fcntl, {5, command, at(lock)}), position);
    };
    EXPECT_EQ(request(F_SETLKW).descriptor, 5);
    EXPECT_EQ(reader::request_words(request(F_SETLKW).lock), ", shared lock of the process, bytes 10 to 29");
    lock.l_type = F_WRLCK;
    lock.l_len = 0;
    EXPECT_EQ(reader::request_words(request(F_OFD_SETLKW).lock), ", exclusive lock of the open file, from byte 10");
    lock.l_len = -10;
    EXPECT_EQ(reader::request_words(request(F_SETLKW).lock), ", exclusive lock of the process, bytes 0 to 9");
    lock.l_whence = SEEK_CUR;
    EXPECT_EQ(reader::request_words(request(F_SETLKW, 100).lock), ", exclusive lock of the process, bytes 100 to 109");
    EXPECT_EQ(reader::request_words(request(F_SETLKW).lock), ", exclusive lock of the process");
    lock.l_start = INT64_MAX;
    lock.l_len = INT64_MAX;
    EXPECT_EQ(reader::request_words(request(F_SETLKW, 100).lock), ", exclusive lock of the process");
}

TEST(LockRequest, IsReadAsTheWrapperWroteIt) {
    using Kind = protocol::FileLockKind;
    const auto words = [](Kind kind, bool is_shared) {
        const reader::LockRequest request = reader::recorded_request(protocol::file_lock_detail(7, kind, is_shared));
        return std::to_string(request.descriptor) + reader::request_words(request.lock);
    };
    EXPECT_EQ(words(Kind::kFlock, false), "7, exclusive flock");
    EXPECT_EQ(words(Kind::kProcess, true), "7, shared lock of the process");
    EXPECT_EQ(words(Kind::kOpenFile, false), "7, exclusive lock of the open file");
    EXPECT_EQ(words(static_cast<Kind>(99), false), "7, exclusive lock");
}

constexpr uint64_t bit_of(int signal) {
    return uint64_t{1} << (signal - 1);
}

TEST(SignalSet, IsSpelledByTheShorterList) {
    EXPECT_EQ(reader::set_words(0), "");
    EXPECT_EQ(reader::set_words(bit_of(SIGHUP) | bit_of(SIGUSR2)), "SIGHUP, SIGUSR2");
    EXPECT_EQ(reader::set_words(bit_of(34) | bit_of(64)), "SIGRTMIN, SIGRTMIN+30");
    EXPECT_EQ(reader::set_words(~uint64_t{0}), "any signal");
    EXPECT_EQ(reader::set_words(~bit_of(SIGINT)), "any signal but SIGINT");
    EXPECT_EQ(reader::set_words(bit_of(32) | bit_of(33)), "") << "libc's own";
}

TEST(SystemVTable, TellsTheKeyOfAnId) {
    constexpr char kTable[] =
        "       key      msqid perms      cbytes\n"
        "1234567890          3   600           0\n-559038737 4 600\n0 5\n6\n";
    EXPECT_EQ(reader::parse_key(kTable, 3), 1234567890U);
    EXPECT_EQ(reader::parse_key(kTable, 4), 0xdeadbeefU);
    EXPECT_EQ(reader::parse_key(kTable, 5), 0U);
    EXPECT_EQ(reader::parse_key(kTable, 6), std::nullopt);
}

TEST(WordList, EndsWithHowManyMoreThereAre) {
    EXPECT_EQ(reader::joined({"a", "b"}, 0), "a; b");
    EXPECT_EQ(reader::joined({"a"}, 3), "a; and 3 more");
    EXPECT_EQ(reader::joined({}, 3), "3 more");
    EXPECT_EQ(reader::shortened("abc", 2), "ab...");
}

}  // namespace
}  // namespace reader_test
