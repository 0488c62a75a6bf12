// SPDX-License-Identifier: Apache-2.0
#include "read/calls/file_locks.h"

#include <algorithm>

#include "read/calls/words.h"

namespace reader {

namespace {

constexpr size_t kMaxLocks = 100'000;

FileLockKind kind_of(std::string_view word) {
    if (word == "FLOCK") return FileLockKind::kFlock;
    if (word == "POSIX") return FileLockKind::kProcess;
    return word == "OFDLCK" ? FileLockKind::kOpenFile : FileLockKind::kUnknown;
}

/// "00:2d:1234", device in hexadecimal; "<none>:0" is no file.
std::optional<FileId> parse_file(std::string_view text) {
    const size_t first = text.find(':');
    const size_t second = first == std::string_view::npos ? first : text.find(':', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    const auto major = number_in<uint32_t>(text.substr(0, first), 16);
    const auto minor = number_in<uint32_t>(text.substr(first + 1, second - first - 1), 16);
    const auto inode = number_in<uint64_t>(text.substr(second + 1));
    if (!major || !minor || !inode) return std::nullopt;
    return FileId{*major, *minor, *inode};
}

/// Whose a lock is decides whether it is in the way; locks of open files are told apart nowhere.
bool conflict(const FileLock& held, const FileLock& wanted) {
    if (!held.exclusive && !wanted.exclusive) return false;
    if (wanted.kind == FileLockKind::kFlock) return held.kind == FileLockKind::kFlock;
    if (held.kind != FileLockKind::kProcess && held.kind != FileLockKind::kOpenFile) return false;
    const bool is_own =
        held.kind == FileLockKind::kProcess && wanted.kind == FileLockKind::kProcess && held.pid == wanted.pid;
    return !is_own && held.start <= wanted.end && wanted.start <= held.end;
}

}  // namespace

std::optional<FileLock> parse_file_lock(std::string_view line) {
    std::vector<std::string_view> fields = fields_of(line, 9);
    FileLock lock;
    if (fields.size() > 1 && fields[1] == "->") {
        lock.waits = true;
        fields.erase(fields.begin() + 1);
    }
    // "1: POSIX  ADVISORY  WRITE 4242 00:2d:1234 0 EOF"
    if (fields.size() < 8 || !fields[0].ends_with(':') || (fields[3] != "READ" && fields[3] != "WRITE")) {
        return std::nullopt;
    }
    const auto pid = number_in<int64_t>(fields[4]);
    const std::optional<FileId> file = parse_file(fields[5]);
    const auto start = number_in<uint64_t>(fields[6]);
    const auto end = fields[7] == "EOF" ? std::optional(UINT64_MAX) : number_in<uint64_t>(fields[7]);
    if (!pid || !file || !start || !end) return std::nullopt;
    lock.kind = kind_of(fields[1]);
    lock.exclusive = fields[3] == "WRITE";
    lock.pid = *pid;
    lock.file = *file;
    lock.start = *start;
    lock.end = *end;
    return lock;
}

std::vector<FileLock> parse_file_locks(std::string_view text) {
    std::vector<FileLock> locks;
    std::string_view line;
    while (locks.size() < kMaxLocks && take_line(text, line)) {
        if (std::optional<FileLock> lock = parse_file_lock(line)) locks.push_back(*lock);
    }
    return locks;
}

std::vector<FileLock> in_the_way(const std::vector<FileLock>& locks, const FileLock& wanted) {
    std::vector<FileLock> found;
    std::copy_if(locks.begin(), locks.end(), std::back_inserter(found), [&](const FileLock& held) {
        return !held.waits && held.file == wanted.file && conflict(held, wanted);
    });
    return found;
}

bool find_device(std::string_view mountinfo, uint32_t mount, FileId& id) {
    std::string_view line;
    while (take_line(mountinfo, line)) {
        const std::vector<std::string_view> fields = fields_of(line, 3);
        if (fields.size() < 3 || number_in<uint32_t>(fields[0]) != mount) continue;
        const size_t colon = std::min(fields[2].find(':'), fields[2].size() - 1);
        const auto major = number_in<uint32_t>(fields[2].substr(0, colon));
        const auto minor = number_in<uint32_t>(fields[2].substr(colon + 1));
        if (!major || !minor) return false;
        id.major = *major;
        id.minor = *minor;
        return true;
    }
    return false;
}

}  // namespace reader
