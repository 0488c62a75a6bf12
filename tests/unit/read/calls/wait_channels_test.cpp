// SPDX-License-Identifier: Apache-2.0
#include "read/calls/wait_channels.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace reader {
namespace {

constexpr uint32_t kAnonymous = 0600;

TEST(WaitChannels, ContradictAFileOfAnotherKind) {
    EXPECT_TRUE(waits_on_another_file("anon_pipe_read", S_IFREG));
    EXPECT_TRUE(waits_on_another_file("pipe_read", S_IFSOCK));
    EXPECT_TRUE(waits_on_another_file("unix_stream_read_generic", S_IFIFO));
    EXPECT_TRUE(waits_on_another_file("tcp_recvmsg", kAnonymous));
    EXPECT_TRUE(waits_on_another_file("eventfd_read", S_IFIFO));
    EXPECT_TRUE(waits_on_another_file("wait_woken", S_IFREG));
}

TEST(WaitChannels, SayNothingAgainstTheFileThatIsAwaited) {
    EXPECT_FALSE(waits_on_another_file("anon_pipe_read", S_IFIFO));
    EXPECT_FALSE(waits_on_another_file("unix_stream_read_generic", S_IFSOCK));
    EXPECT_FALSE(waits_on_another_file("wait_woken", S_IFSOCK));
    EXPECT_FALSE(waits_on_another_file("eventfd_read", kAnonymous));
    EXPECT_FALSE(waits_on_another_file("something_new", S_IFREG));
}

/// Devices have any name: that of a chroot's terminal begins with the path of the chroot.
TEST(WaitChannels, KnowATerminalWhereverItLies) {
    EXPECT_FALSE(waits_on_another_file("wait_woken", S_IFCHR));
    EXPECT_FALSE(waits_on_another_file("n_tty_read", S_IFCHR));
    EXPECT_TRUE(waits_on_another_file("pipe_read", S_IFCHR));
}

}  // namespace
}  // namespace reader
