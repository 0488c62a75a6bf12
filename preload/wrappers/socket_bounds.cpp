// SPDX-License-Identifier: Apache-2.0
#include "preload/wrappers/socket_bounds.h"

#include <sys/time.h>

#include "preload/process/clock.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"

namespace preload {

constinit std::atomic<uint64_t> bounded_descriptors[kBoundedDescriptors / 64] = {};

namespace {

void forget_bound(int descriptor) {
    const auto number = static_cast<unsigned>(descriptor);
    // Acquire: the limits are asked for again after it.
    bounded_descriptors[number / 64].fetch_and(~(uint64_t{1} << (number % 64)), std::memory_order_acq_rel);
}

/// In nanoseconds; 0: none, or it is no socket.
uint64_t limit_of(int descriptor, int option) {
    timeval time{};
    socklen_t length = sizeof(time);
    const long result =
        raw_syscall(SYS_getsockopt, descriptor, SOL_SOCKET, option, as_argument(&time), as_argument(&length));
    if (result != 0 || time.tv_sec < 0 || time.tv_usec < 0) return 0;
    constexpr int64_t kMostSeconds = 9'000'000'000;  // keeps the product in range
    const int64_t seconds = time.tv_sec > kMostSeconds ? kMostSeconds : time.tv_sec;
    return static_cast<uint64_t>(seconds) * 1'000'000'000 + static_cast<uint64_t>(time.tv_usec) * 1'000;
}

bool is_limit(int level, int option) {
    if (level != SOL_SOCKET) return false;
    switch (option) {
        case SO_RCVTIMEO_OLD:
        case SO_SNDTIMEO_OLD:
        case SO_RCVTIMEO_NEW:
        case SO_SNDTIMEO_NEW: return true;
        default: return false;
    }
}

}  // namespace

void note_bounded(int descriptor) {
    const auto number = static_cast<unsigned>(descriptor);
    if (number >= kBoundedDescriptors || may_be_bounded(descriptor)) return;
    bounded_descriptors[number / 64].fetch_or(uint64_t{1} << (number % 64), std::memory_order_relaxed);
}

uint64_t deadline_by_option(int descriptor, int option) {
    if (is_restricted()) return 0;
    const uint64_t limit = limit_of(descriptor, option);
    if (limit != 0) return now_ns() + limit;
    // The number is that of another socket or file by now, or the limits were taken back.
    const int other = option == SO_RCVTIMEO ? SO_SNDTIMEO : SO_RCVTIMEO;
    if (limit_of(descriptor, other) != 0) return 0;
    forget_bound(descriptor);
    // Who gave a new socket of that number its limit meanwhile has found the bit still set.
    const uint64_t limit_now = limit_of(descriptor, option);
    if (limit_now != 0 || limit_of(descriptor, other) != 0) note_bounded(descriptor);
    return limit_now == 0 ? 0 : now_ns() + limit_now;
}

extern "C" {

EXPORTED int setsockopt(int socket, int level, int option, const void* value, socklen_t length) noexcept {
    const int result = real::setsockopt(socket, level, option, value, length);
    if (result == 0 && is_limit(level, option)) note_bounded(socket);
    return result;
}

}  // extern "C"

}  // namespace preload
