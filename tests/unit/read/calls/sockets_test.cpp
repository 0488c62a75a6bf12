// SPDX-License-Identifier: Apache-2.0
#include "read/calls/sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace reader_test {
namespace {

using reader::parse_socket;
using reader::socket_inode;

/// In words; "": it is none.
std::string words(const char* table, std::string_view line) {
    const std::optional<reader::Socket> socket = parse_socket(table, line);
    return socket ? reader::socket_words(*socket) : "";
}

constexpr char kListening[] =
    "   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1667 1 0 100 0 0 10 0";
constexpr char kConnected[] =
    "   1: 0100007F:1267 0100007F:0050 01 00000000:00000000 00:00000000 00000000  1000        0 1668 1 0 20 4 30 10 -1";

TEST(SocketTable, OfTcpHasAddressesAndState) {
    EXPECT_EQ(words("tcp", kListening), "tcp 127.0.0.1:80, listening");
    EXPECT_EQ(words("tcp", kConnected), "tcp 127.0.0.1:80, established, local 127.0.0.1:4711");
    EXPECT_EQ(socket_inode("tcp", kConnected), 1668U);
    EXPECT_EQ(socket_inode("tcp",
                           "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                           "timeout inode"),
              std::nullopt);
}

TEST(SocketTable, OfVersionSixHasItsAddresses) {
    const std::string rest = " 0A 00000000:00000000 00:00000000 00000000     0        0 9 1 0";
    EXPECT_EQ(words("tcp6", "0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000" + rest),
              "tcp6 [::1]:80, listening");
    EXPECT_EQ(words("tcp6", "0: B80D01200000000067452301EFCDAB89:01BB 00000000000000000000000000000000:0000" + rest),
              "tcp6 [2001:db8::123:4567:89ab:cdef]:443, listening");
}

TEST(SocketTable, OfUdpHasNoState) {
    EXPECT_EQ(words("udp", "7: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 5 2 0 0"),
              "udp 0.0.0.0:53");
}

TEST(SocketTable, OfUnixHasTypeStateAndPath) {
    const std::string head = "000000007c300b39: 00000003 00000000 ";
    EXPECT_EQ(words("unix", head + "00010000 0001 01 12345 /run/a b.sock"), "unix stream /run/a b.sock, listening");
    EXPECT_EQ(words("unix", head + "00000000 0002 03  7"), "unix dgram, connected");
    EXPECT_EQ(words("unix", head + "00000000 0005 02 7 @x"), "unix seqpacket @x, connecting");
    EXPECT_EQ(words("unix", head + "00000000 0009 99 7 @x"), "unix @x");
    EXPECT_EQ(socket_inode("unix", head + "00010000 0001 01 12345 /run/a b.sock"), 12345U);
}

TEST(SocketTable, OfNetlinkHasItsFamily) {
    EXPECT_EQ(words("netlink", "0000000012bc83d2 16  4242  00000000 0  0  0  2  0  88"), "netlink generic");
    EXPECT_EQ(words("netlink", "0000000012bc83d2 31  4242  00000000 0  0  0  2  0  88"), "netlink 31");
    EXPECT_EQ(socket_inode("netlink", "0000000012bc83d2 16  4242  00000000 0  0  0  2  0  88"), 88U);
}

std::string_view up_to_inode(std::string_view line) {
    return line.substr(0, line.find(" 1668") + 5);
}

TEST(SocketTable, WithLinesCutShortHasFewer) {
    for (const auto& [table, line] : {std::pair<const char*, std::string_view>{"tcp", up_to_inode(kConnected)},
                                      {"unix", "000000007c300b39: 00000003 00000000 00000000 0001 03  1664"},
                                      {"netlink", "0000000012bc83d2 16  4242  00000000 0  0  0  2  0  88"}}) {
        EXPECT_TRUE(socket_inode(table, line)) << line;
        const size_t last = line.find_last_of(' ');
        for (size_t length = 0; length <= last; ++length) {
            EXPECT_FALSE(socket_inode(table, line.substr(0, length))) << table << length;
            EXPECT_EQ(words(table, line.substr(0, length)), "") << table << length;
        }
    }
}

TEST(SocketTable, WithNonsenseForAddressesHasNone) {
    for (const char* const address : {"x", ":", "0100007F", "0100007F:", ":0050", "0100007F:50505", "0100007Z:0050",
                                      "0100007F0100007F:0050", "0100007F:-001"}) {
        EXPECT_EQ(words("tcp", "0: " + std::string(address) + " " + address + " 01 a b c d e 9"), "tcp, established");
    }
    EXPECT_EQ(words("tcp", "0: 0100007F:0050 00000000:0000 FF a b c d e 9"), "tcp 127.0.0.1:80");
    EXPECT_EQ(words("tcp", "0: 0100007F:0050 00000000:0000 -1 a b c d e 9"), "tcp 127.0.0.1:80");
}

TEST(SocketTable, OfRandomBytesDoesNoHarm) {
    std::mt19937 random(5);
    for (const char* const table : {"tcp", "tcp6", "udp", "unix", "netlink", "packet", "raw"}) {
        for (int round = 0; round < 500; ++round) {
            std::string line(kConnected);
            for (int i = 0; i < 10; ++i) line[random() % line.size()] = static_cast<char>(random());
            words(table, line);
            socket_inode(table, line);
        }
    }
}

}  // namespace
}  // namespace reader_test
