// SPDX-License-Identifier: Apache-2.0
//
// Time limits that sockets have by SO_RCVTIMEO and SO_SNDTIMEO. Only another system call tells what they are:
// it is made for descriptors by whose numbers a limit was ever set in this process, and for no others.
// Not known are limits of sockets that came by dup, from another process or from before an exec.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>

#include "preload/notes/brief_wait.h"

namespace preload {

inline constexpr unsigned kBoundedDescriptors = 4096;  ///< higher ones are not looked up

/// By descriptor: the socket may have a limit. Any thread sets and clears bits.
extern std::atomic<uint64_t> bounded_descriptors[kBoundedDescriptors / 64];

inline bool may_be_bounded(int descriptor) {
    const auto number = static_cast<unsigned>(descriptor);
    if (number >= kBoundedDescriptors) return false;
    return (bounded_descriptors[number / 64].load(std::memory_order_relaxed) >> (number % 64) & 1) != 0;
}

/// The socket has a limit, or was accepted from one that has.
void note_bounded(int descriptor);

/// When a call on the socket that begins now ends, by its limit `option`; 0: it has none.
uint64_t deadline_by_option(int descriptor, int option);

/// A wait for I/O that the limit `option` bounds where the descriptor is a socket that has one.
inline WaitRequest io_within(Function function, int descriptor, int option) {
    WaitRequest request = io_on(function, descriptor);
    if (__builtin_expect(may_be_bounded(descriptor), 0)) request.deadline_ns = deadline_by_option(descriptor, option);
    return request;
}
inline WaitRequest receive_on(Function function, int descriptor) {
    return io_within(function, descriptor, SO_RCVTIMEO);
}
inline WaitRequest send_on(Function function, int descriptor) {
    return io_within(function, descriptor, SO_SNDTIMEO);
}

}  // namespace preload
