// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/programs/memcached_client.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>

namespace memcached {

namespace {

constexpr timeval kAnswerDeadline{30, 0};
constexpr auto kConnectDeadline = std::chrono::seconds(20);
constexpr uint32_t kRequestsPerRound = 500;  // each a set and a get

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        fail("socket");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

/// FNV-1a.
void add(uint64_t& checksum, const std::string& bytes) {
    for (const char byte : bytes) checksum = (checksum ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
}

std::string value_of(uint32_t owner, uint32_t request) {
    return std::string(20 + request % 900, static_cast<char>('a' + (owner + request) % 26));
}

}  // namespace

Client::Client(const std::string& socket_path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    if (socket_ < 0) fail("socket");
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &kAnswerDeadline, sizeof(kAnswerDeadline));
    const sockaddr_un address = address_of(socket_path);
    const auto deadline = std::chrono::steady_clock::now() + kConnectDeadline;
    while (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
        if (std::chrono::steady_clock::now() > deadline) fail("connect");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

Client::~Client() {
    close(socket_);
}

RoundSum Client::round(uint32_t owner) {
    RoundSum sum{0xcbf29ce484222325ULL, 0};
    for (uint32_t request = 0; request < kRequestsPerRound; ++request) {
        const std::string key = "key" + std::to_string(owner) + "-" + std::to_string(request);
        const std::string value = value_of(owner, request);
        const std::string data = std::to_string(value.size()) + "\r\n" + value + "\r\n";
        exchange("set " + key + " 0 0 " + data, "STORED\r\n", sum);
        exchange("get " + key + "\r\n", "VALUE " + key + " 0 " + data + "END\r\n", sum);
    }
    return sum;
}

void Client::send_all(const std::string& bytes) {
    for (size_t sent = 0; sent < bytes.size();) {
        const ssize_t count = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count < 0) fail("send");
        sent += static_cast<size_t>(count);
    }
}

void Client::read_until(const std::string& ending) {
    received_.clear();
    char buffer[4096];
    // (One line that says ERROR is an answer as well: a refused request must not keep us waiting.)
    while (!received_.ends_with(ending) && received_.find("ERROR") == std::string::npos) {
        const ssize_t count = recv(socket_, buffer, sizeof(buffer), 0);
        if (count < 0) fail("recv");
        if (count == 0) {
            errno = ECONNRESET;
            fail("recv");
        }
        received_.append(buffer, static_cast<size_t>(count));
    }
}

void Client::exchange(const std::string& request, const std::string& answer, RoundSum& sum) {
    send_all(request);
    read_until(answer.starts_with("VALUE") ? "END\r\n" : "\r\n");
    add(sum.checksum, received_);
    if (received_ != answer) ++sum.errors;
}

}  // namespace memcached
