// SPDX-License-Identifier: Apache-2.0
#include "read/calls/unix_peers.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <vector>

namespace reader {

namespace {

constexpr size_t kMostPeers = 1'000'000;
constexpr int kMostMessages = 100'000;

struct Request {
    nlmsghdr head;
    unix_diag_req body;
};

bool ask(int netlink) {
    Request request{};
    request.head.nlmsg_len = sizeof(request);
    request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.sdiag_family = AF_UNIX;
    request.body.udiag_states = ~0U;
    request.body.udiag_show = UDIAG_SHOW_PEER;
    return send(netlink, &request, sizeof(request), 0) == static_cast<ssize_t>(sizeof(request));
}

std::optional<uint32_t> peer_in(const nlmsghdr* head) {
    const auto* const message = static_cast<const unix_diag_msg*>(NLMSG_DATA(head));
    auto* attribute = reinterpret_cast<const rtattr*>(message + 1);
    auto left = static_cast<int>(head->nlmsg_len) - static_cast<int>(NLMSG_LENGTH(sizeof(*message)));
    while (RTA_OK(attribute, left)) {
        if (attribute->rta_type == UNIX_DIAG_PEER && RTA_PAYLOAD(attribute) >= sizeof(uint32_t)) {
            uint32_t peer = 0;
            std::memcpy(&peer, RTA_DATA(attribute), sizeof(peer));
            return peer;
        }
        attribute = RTA_NEXT(attribute, left);
    }
    return std::nullopt;
}

/// False: that was the last one.
bool take(const std::vector<char>& buffer, size_t bytes, std::unordered_map<uint64_t, uint64_t>& peers) {
    const auto* head = reinterpret_cast<const nlmsghdr*>(buffer.data());
    auto left = static_cast<uint32_t>(bytes);
    for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
        if (head->nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
        if (head->nlmsg_len < NLMSG_LENGTH(sizeof(unix_diag_msg))) return false;
        if (peers.size() == kMostPeers) return false;
        const std::optional<uint32_t> peer = peer_in(head);
        if (peer) peers.emplace(static_cast<const unix_diag_msg*>(NLMSG_DATA(head))->udiag_ino, *peer);
    }
    return true;
}

}  // namespace

std::unordered_map<uint64_t, uint64_t> read_unix_peers() {
    std::unordered_map<uint64_t, uint64_t> peers;
    const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) return peers;
    const timeval second{1, 0};
    setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
    std::vector<char> buffer(64 * 1024);
    bool goes_on = ask(netlink);
    for (int messages = 0; goes_on && messages < kMostMessages; ++messages) {
        const ssize_t got = recv(netlink, buffer.data(), buffer.size(), 0);
        goes_on = got > 0 && take(buffer, static_cast<size_t>(got), peers);
    }
    close(netlink);
    return peers;
}

}  // namespace reader
