// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of calls that move bytes from or to one descriptor, or wait until they are moved. All are
// cancellation points.
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"
#include "preload/wrappers/socket_bounds.h"

namespace preload {

extern "C" {

EXPORTED ssize_t read(int file, void* bytes, size_t count) {
    return call_briefly(receive_on(Function::k_read, file), CALLER_FRAME,
                        [=] { return real::read(file, bytes, count); });
}

EXPORTED ssize_t __read_chk(int file, void* bytes, size_t count, size_t room) {
    return call_briefly(receive_on(Function::k___read_chk, file), CALLER_FRAME,
                        [=] { return real::__read_chk(file, bytes, count, room); });
}

EXPORTED ssize_t readv(int file, const iovec* parts, int count) {
    return call_briefly(receive_on(Function::k_readv, file), CALLER_FRAME,
                        [=] { return real::readv(file, parts, count); });
}

EXPORTED ssize_t pread(int file, void* bytes, size_t count, off_t offset) {
    return call_briefly(io_on(Function::k_pread, file), CALLER_FRAME,
                        [=] { return real::pread(file, bytes, count, offset); });
}

EXPORTED ssize_t pread64(int file, void* bytes, size_t count, off64_t offset) {
    return call_briefly(io_on(Function::k_pread64, file), CALLER_FRAME,
                        [=] { return real::pread64(file, bytes, count, offset); });
}

EXPORTED ssize_t __pread_chk(int file, void* bytes, size_t count, off_t offset, size_t room) {
    return call_briefly(io_on(Function::k___pread_chk, file), CALLER_FRAME,
                        [=] { return real::__pread_chk(file, bytes, count, offset, room); });
}

EXPORTED ssize_t __pread64_chk(int file, void* bytes, size_t count, off64_t offset, size_t room) {
    return call_briefly(io_on(Function::k___pread64_chk, file), CALLER_FRAME,
                        [=] { return real::__pread64_chk(file, bytes, count, offset, room); });
}

EXPORTED ssize_t preadv(int file, const iovec* parts, int count, off_t offset) {
    return call_briefly(io_on(Function::k_preadv, file), CALLER_FRAME,
                        [=] { return real::preadv(file, parts, count, offset); });
}

EXPORTED ssize_t preadv64(int file, const iovec* parts, int count, off64_t offset) {
    return call_briefly(io_on(Function::k_preadv64, file), CALLER_FRAME,
                        [=] { return real::preadv64(file, parts, count, offset); });
}

EXPORTED ssize_t preadv2(int file, const iovec* parts, int count, off_t offset, int flags) {
    return call_briefly(io_on(Function::k_preadv2, file), CALLER_FRAME,
                        [=] { return real::preadv2(file, parts, count, offset, flags); });
}

EXPORTED ssize_t preadv64v2(int file, const iovec* parts, int count, off64_t offset, int flags) {
    return call_briefly(io_on(Function::k_preadv64v2, file), CALLER_FRAME,
                        [=] { return real::preadv64v2(file, parts, count, offset, flags); });
}

EXPORTED ssize_t write(int file, const void* bytes, size_t count) {
    return write_briefly(send_on(Function::k_write, file), CALLER_FRAME,
                         [=] { return real::write(file, bytes, count); });
}

EXPORTED ssize_t writev(int file, const iovec* parts, int count) {
    return write_briefly(send_on(Function::k_writev, file), CALLER_FRAME,
                         [=] { return real::writev(file, parts, count); });
}

EXPORTED ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
    return call_briefly(io_on(Function::k_pwrite, file), CALLER_FRAME,
                        [=] { return real::pwrite(file, bytes, count, offset); });
}

EXPORTED ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
    return call_briefly(io_on(Function::k_pwrite64, file), CALLER_FRAME,
                        [=] { return real::pwrite64(file, bytes, count, offset); });
}

EXPORTED ssize_t pwritev(int file, const iovec* parts, int count, off_t offset) {
    return call_briefly(io_on(Function::k_pwritev, file), CALLER_FRAME,
                        [=] { return real::pwritev(file, parts, count, offset); });
}

EXPORTED ssize_t pwritev64(int file, const iovec* parts, int count, off64_t offset) {
    return call_briefly(io_on(Function::k_pwritev64, file), CALLER_FRAME,
                        [=] { return real::pwritev64(file, parts, count, offset); });
}

EXPORTED ssize_t pwritev2(int file, const iovec* parts, int count, off_t offset, int flags) {
    return call_briefly(io_on(Function::k_pwritev2, file), CALLER_FRAME,
                        [=] { return real::pwritev2(file, parts, count, offset, flags); });
}

EXPORTED ssize_t pwritev64v2(int file, const iovec* parts, int count, off64_t offset, int flags) {
    return call_briefly(io_on(Function::k_pwritev64v2, file), CALLER_FRAME,
                        [=] { return real::pwritev64v2(file, parts, count, offset, flags); });
}

EXPORTED int eventfd_read(int file, eventfd_t* value) {
    return call_briefly(io_on(Function::k_eventfd_read, file), CALLER_FRAME,
                        [=] { return real::eventfd_read(file, value); });
}

EXPORTED int eventfd_write(int file, eventfd_t value) {
    return call_briefly(io_on(Function::k_eventfd_write, file), CALLER_FRAME,
                        [=] { return real::eventfd_write(file, value); });
}

/// Either end may make it wait; the reading one is named.
EXPORTED ssize_t splice(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t count, unsigned int flags) {
    return call_briefly(io_on(Function::k_splice, from), CALLER_FRAME,
                        [=] { return real::splice(from, from_offset, to, to_offset, count, flags); });
}

/// A file is there to be read; the other end makes it wait.
EXPORTED ssize_t sendfile(int to, int from, off_t* offset, size_t count) noexcept {
    return call_briefly(send_on(Function::k_sendfile, to), CALLER_FRAME,
                        [=] { return real::sendfile(to, from, offset, count); });
}

EXPORTED ssize_t sendfile64(int to, int from, off64_t* offset, size_t count) noexcept {
    return call_briefly(send_on(Function::k_sendfile64, to), CALLER_FRAME,
                        [=] { return real::sendfile64(to, from, offset, count); });
}

EXPORTED int fsync(int file) {
    return call_briefly(io_on(Function::k_fsync, file), CALLER_FRAME, [=] { return real::fsync(file); });
}

EXPORTED int fdatasync(int file) {
    return call_briefly(io_on(Function::k_fdatasync, file), CALLER_FRAME, [=] { return real::fdatasync(file); });
}

EXPORTED int tcdrain(int terminal) {
    return call_briefly(io_on(Function::k_tcdrain, terminal), CALLER_FRAME, [=] { return real::tcdrain(terminal); });
}

}  // extern "C"

}  // namespace preload
