// SPDX-License-Identifier: Apache-2.0
//
// Sockets by their inode, as the tables of /proc/PID/net tell: those of the target's own network
// namespace. A table is read when a socket of its kind is first asked for, and once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reader {

struct Socket {
    std::string protocol;  ///< "tcp6", "unix stream", "netlink route"
    std::string local;     ///< address and port; empty: none
    std::string remote;
    std::string state;  ///< "established", "listening"; empty: has none worth telling
    std::string path;   ///< unix: what it is bound to, abstract ones with '@'
};

/// A line of the table `protocol` ("tcp", "udp6", ...; "unix"; "netlink"; "packet"). Empty: it is none.
std::optional<Socket> parse_socket(std::string_view protocol, std::string_view line);
/// The inode in a line of that table; empty: it is its head, or damaged.
std::optional<uint64_t> socket_inode(std::string_view protocol, std::string_view line);

/// "tcp 127.0.0.1:80, established, local 127.0.0.1:4711"
std::string socket_words(const Socket& socket);

class Sockets {
public:
    explicit Sockets(uint32_t pid);

    /// `tid`: a live thread; `protocol`: as the kernel names the descriptor's, "TCPv6"; "": not known.
    std::optional<Socket> find(uint32_t tid, uint64_t inode, std::string_view protocol);
    /// The other end of a unix socket, see read_unix_peers; empty: it has none, or it is not known, as in
    /// another network namespace than the reader's.
    std::optional<uint64_t> peer_of(uint64_t inode);

private:
    struct Table {
        std::string text;
        std::unordered_map<uint64_t, std::string_view> lines;  ///< by inode
    };
    const Table& table(uint32_t tid, const std::string& name);

    uint32_t pid_;
    std::map<std::string, Table> tables_;
    std::optional<std::unordered_map<uint64_t, uint64_t>> peers_;
};

}  // namespace reader
