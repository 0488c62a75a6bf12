// SPDX-License-Identifier: Apache-2.0
#include "preload/report/short_count.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "preload/raw_syscall.h"

namespace preload {

namespace {

/// Of a socket; 0 also when there is none.
uint64_t option_of(long descriptor, int option) {
    uint64_t value[2] = {};  // an int, or a timeval
    uint32_t bytes = sizeof(value);
    const long result =
        raw_syscall(SYS_getsockopt, descriptor, SOL_SOCKET, option, as_argument(value), as_argument(&bytes));
    return result == 0 ? value[0] | value[1] : 0;
}

bool is_blocking_stream(long descriptor) {
    const long flags = raw_syscall(SYS_fcntl, descriptor, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK) != 0) return false;
    struct stat status {};
    if (raw_syscall(SYS_fstat, descriptor, as_argument(&status)) != 0) return false;
    if (S_ISFIFO(status.st_mode)) return true;
    // With a time limit of its own it may have been that.
    return S_ISSOCK(status.st_mode) && option_of(descriptor, SO_TYPE) == SOCK_STREAM &&
           option_of(descriptor, SO_SNDTIMEO) == 0;
}

/// Were the other end gone, going on would raise SIGPIPE before the program itself writes again.
bool is_sound(long descriptor) {
    pollfd polled{static_cast<int>(descriptor), POLLOUT, 0};
    return raw_syscall(SYS_poll, as_argument(&polled), 1, 0) >= 0 &&
           (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

}  // namespace

bool is_cut_short(long number, const greg_t* registers) {
    if (number != SYS_write && number != SYS_sendto) return false;
    if (registers[REG_RAX] <= 0 || registers[REG_RAX] >= registers[REG_RDX]) return false;
    if (number == SYS_sendto && (registers[REG_R10] & MSG_DONTWAIT) != 0) return false;
    return is_blocking_stream(registers[REG_RDI]) && is_sound(registers[REG_RDI]);
}

}  // namespace preload
