// SPDX-License-Identifier: Apache-2.0
#include "read/calls/lock_requests.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "protocol/layout.h"
#include "read/kernel/target_memory.h"
#include "read/records/lock_kinds.h"

namespace reader {

namespace {

/// Relative to the file's end, the range is not told by the call alone.
void take_range(const struct flock& asked, std::optional<uint64_t> position, FileLock& lock) {
    if (asked.l_whence == SEEK_SET) position = 0;
    if (asked.l_whence == SEEK_END || !position || *position > INT64_MAX) return;
    int64_t start = 0;
    int64_t end = 0;
    if (__builtin_add_overflow(static_cast<int64_t>(*position), asked.l_start, &start) ||
        __builtin_add_overflow(start, asked.l_len, &end) || start < 0 || end < 0) {
        return;
    }
    lock.start = static_cast<uint64_t>(std::min(start, end));
    lock.end = asked.l_len == 0 ? UINT64_MAX : static_cast<uint64_t>(std::max(start, end)) - 1;
}

}  // namespace

LockRequest request_of(uint32_t pid, const SystemCall& call, std::optional<uint64_t> position) {
    LockRequest request;
    request.descriptor = static_cast<int>(call.arguments[0]);
    if (call.number == SYS_flock) {
        request.lock.kind = FileLockKind::kFlock;
        request.lock.exclusive = (call.arguments[1] & LOCK_SH) == 0;
        return request;
    }
    request.lock.kind = call.arguments[1] == F_OFD_SETLKW ? FileLockKind::kOpenFile : FileLockKind::kProcess;
    struct flock asked = {};
    if (read_memory(pid, call.arguments[2], &asked, sizeof(asked)).bytes != sizeof(asked)) return request;
    request.lock.exclusive = asked.l_type != F_RDLCK;
    take_range(asked, position, request.lock);
    return request;
}

LockRequest recorded_request(uint64_t detail) {
    LockRequest request;
    request.descriptor = static_cast<int>(static_cast<uint32_t>(detail));
    request.lock.exclusive = (detail & protocol::kFileLockShared) == 0;
    request.lock.kind = file_lock_kind_of(static_cast<protocol::FileLockKind>(detail >> 32 & 0xff));
    return request;
}

std::string request_words(const FileLock& lock) {
    std::string words = lock.exclusive ? ", exclusive " : ", shared ";
    switch (lock.kind) {
        case FileLockKind::kFlock: words += "flock"; break;
        case FileLockKind::kProcess: words += "lock of the process"; break;
        case FileLockKind::kOpenFile: words += "lock of the open file"; break;
        case FileLockKind::kUnknown: words += "lock"; break;
    }
    if (lock.end != UINT64_MAX) {
        words += ", bytes " + std::to_string(lock.start) + " to " + std::to_string(lock.end);
    } else if (lock.start != 0) {
        words += ", from byte " + std::to_string(lock.start);
    }
    return words;
}

bool is_child_descriptor(uint64_t detail) {
    return detail >> 32 == protocol::kChildDescriptor >> 32;
}

}  // namespace reader
