// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of calls that wait for a socket. All are cancellation points.
#include <sys/socket.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"
#include "preload/wrappers/socket_bounds.h"

namespace preload {

namespace {

/// What is told not to wait is not published.
template <typename Call>
auto receive(Function function, int socket, int flags, const CallerFrame& caller, Call call) {
    return (flags & MSG_DONTWAIT) != 0 ? call() : call_briefly(receive_on(function, socket), caller, call);
}

template <typename Call>
auto transmit(Function function, int socket, int flags, const CallerFrame& caller, Call call) {
    return (flags & MSG_DONTWAIT) != 0 ? call() : call_briefly(send_on(function, socket), caller, call);
}

/// The limits of a listening socket are also those of what it accepts.
template <typename Call>
int take_caller(Function function, int socket, const CallerFrame& caller, Call call) {
    const int accepted = call_briefly(receive_on(function, socket), caller, call);
    if (__builtin_expect(may_be_bounded(socket), 0) && accepted >= 0) note_bounded(accepted);
    return accepted;
}

}  // namespace

extern "C" {

EXPORTED ssize_t recv(int socket, void* bytes, size_t count, int flags) {
    return receive(Function::k_recv, socket, flags, CALLER_FRAME,
                   [=] { return real::recv(socket, bytes, count, flags); });
}

EXPORTED ssize_t __recv_chk(int socket, void* bytes, size_t count, size_t room, int flags) {
    return receive(Function::k___recv_chk, socket, flags, CALLER_FRAME,
                   [=] { return real::__recv_chk(socket, bytes, count, room, flags); });
}

EXPORTED ssize_t recvfrom(int socket, void* bytes, size_t count, int flags, sockaddr* address, socklen_t* length) {
    return receive(Function::k_recvfrom, socket, flags, CALLER_FRAME,
                   [=] { return real::recvfrom(socket, bytes, count, flags, address, length); });
}

EXPORTED ssize_t __recvfrom_chk(int socket, void* bytes, size_t count, size_t room, int flags, sockaddr* address,
                                socklen_t* length) {
    return receive(Function::k___recvfrom_chk, socket, flags, CALLER_FRAME,
                   [=] { return real::__recvfrom_chk(socket, bytes, count, room, flags, address, length); });
}

EXPORTED ssize_t recvmsg(int socket, msghdr* message, int flags) {
    return receive(Function::k_recvmsg, socket, flags, CALLER_FRAME,
                   [=] { return real::recvmsg(socket, message, flags); });
}

/// Its timeout is looked at when a message has come, and bounds no wait for one.
EXPORTED int recvmmsg(int socket, mmsghdr* messages, unsigned int count, int flags, timespec* timeout) {
    return receive(Function::k_recvmmsg, socket, flags, CALLER_FRAME,
                   [=] { return real::recvmmsg(socket, messages, count, flags, timeout); });
}

EXPORTED ssize_t send(int socket, const void* bytes, size_t count, int flags) {
    return transmit(Function::k_send, socket, flags, CALLER_FRAME,
                    [=] { return real::send(socket, bytes, count, flags); });
}

EXPORTED ssize_t sendto(int socket, const void* bytes, size_t count, int flags, const sockaddr* address,
                        socklen_t length) {
    return transmit(Function::k_sendto, socket, flags, CALLER_FRAME,
                    [=] { return real::sendto(socket, bytes, count, flags, address, length); });
}

EXPORTED ssize_t sendmsg(int socket, const msghdr* message, int flags) {
    return transmit(Function::k_sendmsg, socket, flags, CALLER_FRAME,
                    [=] { return real::sendmsg(socket, message, flags); });
}

EXPORTED int sendmmsg(int socket, mmsghdr* messages, unsigned int count, int flags) {
    return transmit(Function::k_sendmmsg, socket, flags, CALLER_FRAME,
                    [=] { return real::sendmmsg(socket, messages, count, flags); });
}

EXPORTED int accept(int socket, sockaddr* address, socklen_t* length) {
    return take_caller(Function::k_accept, socket, CALLER_FRAME, [=] { return real::accept(socket, address, length); });
}

EXPORTED int accept4(int socket, sockaddr* address, socklen_t* length, int flags) {
    return take_caller(Function::k_accept4, socket, CALLER_FRAME,
                       [=] { return real::accept4(socket, address, length, flags); });
}

EXPORTED int connect(int socket, const sockaddr* address, socklen_t length) {
    return call_briefly(send_on(Function::k_connect, socket), CALLER_FRAME,
                        [=] { return real::connect(socket, address, length); });
}

}  // extern "C"

}  // namespace preload
