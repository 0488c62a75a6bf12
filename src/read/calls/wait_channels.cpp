// SPDX-License-Identifier: Apache-2.0
#include "read/calls/wait_channels.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace reader {

namespace {

enum class Kind { kUnknown, kPipe, kSocket, kSocketOrTerminal, kOther };

bool begins_with_one_of(std::string_view text, const auto& beginnings) {
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](std::string_view beginning) { return text.starts_with(beginning); });
}

/// Names that have lasted; what is not known here says nothing.
Kind kind_of_wait(std::string_view function) {
    constexpr std::array kSocketWaits = {
        std::string_view("unix_"),     std::string_view("inet_csk_accept"), std::string_view("inet_stream_connect"),
        std::string_view("sk_stream"), std::string_view("sk_wait_data"),    std::string_view("sock_alloc_send"),
        std::string_view("tcp_"),      std::string_view("__skb_wait_for"),  std::string_view("vsock_")};
    constexpr std::array kOtherWaits = {std::string_view("eventfd_"), std::string_view("timerfd_"),
                                        std::string_view("signalfd_"), std::string_view("inotify_"),
                                        std::string_view("n_tty_")};
    if (function.starts_with("pipe_") || function.starts_with("anon_pipe_")) return Kind::kPipe;
    if (begins_with_one_of(function, kSocketWaits)) return Kind::kSocket;
    if (function == "wait_woken") return Kind::kSocketOrTerminal;
    return begins_with_one_of(function, kOtherWaits) ? Kind::kOther : Kind::kUnknown;
}

}  // namespace

bool waits_on_another_file(std::string_view function, uint32_t mode) {
    const Kind wait = kind_of_wait(function);
    if (wait == Kind::kUnknown) return false;
    const bool is_pipe = S_ISFIFO(mode);
    const bool is_socket = S_ISSOCK(mode);
    if (S_ISREG(mode) || S_ISDIR(mode)) return true;  // such a file never waits for others in any of these
    switch (wait) {
        case Kind::kPipe: return !is_pipe;
        case Kind::kSocket: return !is_socket;
        case Kind::kSocketOrTerminal: return is_pipe;
        case Kind::kOther: return is_pipe || is_socket;
        case Kind::kUnknown: break;
    }
    return false;
}

}  // namespace reader
