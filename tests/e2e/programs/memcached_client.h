// SPDX-License-Identifier: Apache-2.0
//
// A load for memcached: text protocol over a UNIX socket, every byte of every answer checked and summed up.
#pragma once

#include <cstdint>
#include <string>

namespace memcached {

/// What a round of requests came to; equal servers give equal sums.
struct RoundSum {
    uint64_t checksum = 0;  ///< over all bytes of all answers
    uint32_t errors = 0;    ///< answers that were not what the request asks for

    bool operator==(const RoundSum&) const = default;
};

/// One connection. Throws std::system_error where the server cannot be reached or hangs up.
class Client {
public:
    /// Waits, up to 20 s, until the server accepts.
    explicit Client(const std::string& socket_path);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// A thousand sets and gets on keys of `owner` alone: the same answers in every round.
    RoundSum round(uint32_t owner);

private:
    void send_all(const std::string& bytes);
    void read_until(const std::string& ending);
    void exchange(const std::string& request, const std::string& answer, RoundSum& sum);

    int socket_;
    std::string received_;
};

}  // namespace memcached
