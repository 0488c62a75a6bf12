// SPDX-License-Identifier: Apache-2.0
#include "read/calls/sockets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

#include "read/calls/unix_peers.h"
#include "read/calls/words.h"
#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kConnectionsBytes = size_t{64} << 20;
constexpr size_t kMostSockets = 1'000'000;
constexpr size_t kUnixFields = 7;  // then the path, which may have blanks

constexpr const char* kTables[] = {"tcp", "tcp6", "udp", "udp6", "unix", "netlink", "raw", "raw6", "packet", "icmp"};

/// A table by the kernel's name of a protocol, in lower case.
std::string table_of(std::string_view protocol) {
    std::string name(protocol);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name.ends_with("v6")) name = name.substr(0, name.size() - 2) + "6";
    if (name.starts_with("unix")) name = "unix";
    const bool is_known = std::any_of(std::begin(kTables), std::end(kTables), [&](const char* t) { return name == t; });
    return is_known ? name : "";
}

bool is_inet(std::string_view table) {
    return table != "unix" && table != "netlink" && table != "packet";
}

size_t inode_field(std::string_view table) {
    if (table == "unix") return 6;
    if (table == "packet") return 8;
    return 9;
}

/// "0100007F:0050": words in the byte order of the machine. Empty: no address, or no port.
std::string address_in(std::string_view text) {
    const size_t colon = text.find(':');
    if (colon != 8 && colon != 32) return {};
    std::array<uint32_t, 4> words{};
    for (size_t i = 0; i < colon / 8; ++i) {
        const auto word = number_in<uint32_t>(text.substr(i * 8, 8), 16);
        if (!word) return {};
        words[i] = *word;
    }
    const auto port = number_in<uint16_t>(text.substr(colon + 1), 16);
    const bool is_any = std::all_of(words.begin(), words.end(), [](uint32_t word) { return word == 0; });
    if (!port || (is_any && *port == 0)) return {};
    char address[INET6_ADDRSTRLEN] = "";
    inet_ntop(colon == 8 ? AF_INET : AF_INET6, words.data(), address, sizeof(address));
    const std::string name = colon == 8 ? std::string(address) : "[" + std::string(address) + "]";
    return name + ":" + std::to_string(*port);
}

std::string_view tcp_state(uint32_t state) {
    constexpr std::string_view kStates[] = {"",
                                            "established",
                                            "connecting",
                                            "accepting",
                                            "closing (fin wait 1)",
                                            "closing (fin wait 2)",
                                            "time wait",
                                            "closed",
                                            "closed by the other end",
                                            "closing (last ack)",
                                            "listening",
                                            "closing",
                                            "accepting"};
    return state < std::size(kStates) ? kStates[state] : std::string_view();
}

std::optional<Socket> parse_inet(std::string_view protocol, std::string_view line) {
    const std::vector<std::string_view> fields = fields_of(line, 10);
    if (fields.size() < 10) return std::nullopt;
    Socket socket;
    socket.protocol = protocol;
    socket.local = address_in(fields[1]);
    socket.remote = address_in(fields[2]);
    const auto state = number_in<uint32_t>(fields[3], 16);
    if (state && protocol.starts_with("tcp")) socket.state = tcp_state(*state);
    return socket;
}

std::optional<Socket> parse_unix(std::string_view line) {
    const std::vector<std::string_view> fields = fields_of(line, kUnixFields);
    if (fields.size() < kUnixFields) return std::nullopt;
    const auto flags = number_in<uint32_t>(fields[3], 16);
    const auto type = number_in<uint32_t>(fields[4], 16);
    const auto state = number_in<uint32_t>(fields[5], 16);
    if (!flags || !type || !state) return std::nullopt;
    constexpr uint32_t kAccepts = 0x10000;
    constexpr std::string_view kTypes[] = {"", " stream", " dgram", "", "", " seqpacket"};
    constexpr std::string_view kStates[] = {"", "not connected", "connecting", "connected", "disconnecting"};
    Socket socket;
    socket.protocol = "unix" + std::string(*type < std::size(kTypes) ? kTypes[*type] : "");
    if (*state < std::size(kStates)) socket.state = kStates[*state];
    if ((*flags & kAccepts) != 0) socket.state = "listening";
    const auto inode_end = static_cast<size_t>(fields.back().end() - line.begin());
    if (inode_end + 1 < line.size()) socket.path = line.substr(inode_end + 1);
    return socket;
}

std::optional<Socket> parse_netlink(std::string_view line) {
    const std::vector<std::string_view> fields = fields_of(line, 10);
    const auto family = fields.size() < 10 ? std::nullopt : number_in<int>(fields[1]);
    if (!family) return std::nullopt;
    Socket socket;
    socket.protocol = "netlink";
    switch (*family) {
        case 0: socket.protocol += " route"; break;
        case 4: socket.protocol += " sock_diag"; break;
        case 9: socket.protocol += " audit"; break;
        case 12: socket.protocol += " netfilter"; break;
        case 15: socket.protocol += " uevent"; break;
        case 16: socket.protocol += " generic"; break;
        default: socket.protocol += " " + std::to_string(*family); break;
    }
    return socket;
}

}  // namespace

std::optional<uint64_t> socket_inode(std::string_view protocol, std::string_view line) {
    const size_t at = inode_field(protocol);
    const std::vector<std::string_view> fields = fields_of(line, at + 1);
    return fields.size() <= at ? std::nullopt : number_in<uint64_t>(fields[at]);
}

std::optional<Socket> parse_socket(std::string_view protocol, std::string_view line) {
    if (is_inet(protocol)) return parse_inet(protocol, line);
    if (protocol == "unix") return parse_unix(line);
    if (protocol == "netlink") return parse_netlink(line);
    Socket socket;
    socket.protocol = protocol;
    return socket;
}

std::string socket_words(const Socket& socket) {
    std::string words = socket.protocol;
    const auto append = [&words](const std::string& text) { words += ", " + text; };
    if (!socket.path.empty()) words += " " + socket.path;
    if (!socket.remote.empty()) {
        words += " " + socket.remote;
        if (!socket.state.empty()) append(socket.state);
        if (!socket.local.empty()) append("local " + socket.local);
        return words;
    }
    if (!socket.local.empty()) words += " " + socket.local;
    if (!socket.state.empty()) append(socket.state);
    return words;
}

Sockets::Sockets(uint32_t pid) : pid_(pid) {}

const Sockets::Table& Sockets::table(uint32_t tid, const std::string& name) {
    const auto [entry, is_new] = tables_.try_emplace(name);
    Table& table = entry->second;
    if (!is_new) return table;
    table.text = read_file(task_path(pid_, tid, "net/" + name), kConnectionsBytes);
    std::string_view text = table.text;
    std::string_view line;
    while (table.lines.size() < kMostSockets && take_line(text, line)) {
        const std::optional<uint64_t> inode = socket_inode(name, line);
        if (inode && *inode != 0) table.lines.try_emplace(*inode, line);
    }
    return table;
}

std::optional<Socket> Sockets::find(uint32_t tid, uint64_t inode, std::string_view protocol) {
    const std::string only = table_of(protocol);
    for (const char* const name : kTables) {
        if (!only.empty() && only != name) continue;
        const Table& known = table(tid, name);
        const auto line = known.lines.find(inode);
        if (line != known.lines.end()) return parse_socket(name, line->second);
    }
    if (protocol.empty()) return std::nullopt;
    Socket socket;  // bound to nothing yet: it is in no table
    socket.protocol = only.empty() ? protocol : only;
    socket.state = is_inet(only) ? "not bound" : "";
    return socket;
}

std::optional<uint64_t> Sockets::peer_of(uint64_t inode) {
    if (!peers_) {
        peers_ = is_in_own_namespace(pid_, "net") ? read_unix_peers() : std::unordered_map<uint64_t, uint64_t>();
    }
    const auto found = peers_->find(inode);
    return found == peers_->end() ? std::nullopt : std::optional<uint64_t>(found->second);
}

}  // namespace reader
