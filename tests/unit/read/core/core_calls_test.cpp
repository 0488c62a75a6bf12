// SPDX-License-Identifier: Apache-2.0
#include "read/core/core_calls.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace reader_test {
namespace {

using reader::SystemCall;

uint64_t address_of(const void* object) {
    return reinterpret_cast<uint64_t>(object);
}

size_t read_own(uint64_t address, void* to, size_t bytes) {
    if (address == 0) return 0;
    std::memcpy(to, reinterpret_cast<const void*>(address), bytes);
    return bytes;
}

struct Registers : user_regs_struct {
    Registers(long number, int64_t result, uint64_t second = 0, uint64_t third = 0, uint64_t fourth = 0)
        : user_regs_struct{} {
        orig_rax = static_cast<unsigned long long>(number);
        rax = static_cast<unsigned long long>(result);
        rdi = 5;
        rsi = second;
        rdx = third;
        r10 = fourth;
        rip = 0x1002;
    }
};

bool was_in_call(const Registers& registers) {
    const SystemCall call = reader::dumped_call(registers, read_own);
    return !call.running;
}

TEST(DumpedCall, IsOneThatASignalInterrupted) {
    for (const int64_t result : {-EINTR, -ENOSYS, -512, -513, -514, -516}) {
        const SystemCall call = reader::dumped_call(Registers(SYS_read, result, 0x40, 8), read_own);
        EXPECT_FALSE(call.running) << result;
        EXPECT_EQ(call.number, SYS_read);
        EXPECT_EQ(call.arguments, (std::array<uint64_t, 6>{5, 0x40, 8, 0, 0, 0}));
        EXPECT_EQ(call.pc, 0x1002U);
    }
    EXPECT_FALSE(was_in_call({-1, -EINTR})) << "it was interrupted between calls";
    EXPECT_FALSE(was_in_call({SYS_read, -EAGAIN}));
    EXPECT_FALSE(was_in_call({SYS_read, 3, 0x40, 8})) << "there were no more";
    EXPECT_FALSE(was_in_call({SYS_tgkill, 0}));
}

TEST(DumpedCall, HadTransferredSomeOfWhatItWasToTransfer) {
    EXPECT_TRUE(was_in_call({SYS_write, 65536, 0x40, 70000}));
    EXPECT_FALSE(was_in_call({SYS_write, 70000, 0x40, 70000}));
    EXPECT_FALSE(was_in_call({SYS_write, 0, 0x40, 70000}));
    EXPECT_FALSE(was_in_call({SYS_write, 0x7ffff000, 0x40, 0x90000000})) << "as much as there is in one call";
    EXPECT_TRUE(was_in_call({SYS_sendto, 10, 0x40, 11}));
    EXPECT_FALSE(was_in_call({SYS_sendto, 10, 0x40, 11, MSG_DONTWAIT}));
    EXPECT_TRUE(was_in_call({SYS_recvfrom, 10, 0x40, 11, MSG_WAITALL}));
    EXPECT_FALSE(was_in_call({SYS_recvfrom, 10, 0x40, 11}));
    EXPECT_TRUE(was_in_call({SYS_sendfile, 10, 0, 0, 11}));
    EXPECT_TRUE(was_in_call({SYS_sendmmsg, 1, 0x40, 2}));
    EXPECT_TRUE(was_in_call({SYS_recvmmsg, 1, 0x40, 2}));
    EXPECT_FALSE(was_in_call({SYS_recvmmsg, 1, 0x40, 2, MSG_WAITFORONE}));
    EXPECT_TRUE(was_in_call({SYS_io_getevents, 1, 2, 8}));
    EXPECT_FALSE(was_in_call({SYS_io_getevents, 2, 2, 8}));
}

TEST(DumpedCall, SaysInItsMemoryHowMuchThatIs) {
    iovec parts[] = {{nullptr, 6}, {nullptr, 5}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    EXPECT_TRUE(was_in_call({SYS_writev, 10, address_of(parts), 2}));
    EXPECT_FALSE(was_in_call({SYS_writev, 11, address_of(parts), 2}));
    EXPECT_FALSE(was_in_call({SYS_writev, 10, 0, 2})) << "which the core has not";
    EXPECT_FALSE(was_in_call({SYS_writev, 10, address_of(parts), uint64_t{1} << 40}));
    EXPECT_TRUE(was_in_call({SYS_sendmsg, 10, address_of(&message)}));
    EXPECT_FALSE(was_in_call({SYS_sendmsg, 11, address_of(&message)}));
    EXPECT_TRUE(was_in_call({SYS_recvmsg, 10, address_of(&message), MSG_WAITALL}));
    EXPECT_FALSE(was_in_call({SYS_recvmsg, 10, address_of(&message)}));
}

}  // namespace
}  // namespace reader_test
