// SPDX-License-Identifier: Apache-2.0
//
// What is removed is certainly dead: its head is of this version, this boot and this pid namespace, and tells a pid
// that no process has. All else (other users', other containers', what cannot be read, what has such a name and is
// something else) is left to the command, which can look closer.
//
// Two passes through the folder: nearly always the first one, which opens no file, finds little and is all.
#include "preload/process/old_recordings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "preload/raw_syscall.h"
#include "protocol/layout.h"

namespace preload {

using protocol::ProcessRecord;

namespace {

constexpr uint64_t kShareOfRoom = 8;      ///< what is dead may have an eighth of the filesystem
constexpr uint32_t kMostEntries = 16384;  ///< in a folder of more others the command has to look
constexpr uint32_t kAtATime = 8;
constexpr size_t kNameBytes = 64;
constexpr uint64_t kBlock = 512;  ///< unit of stat::st_blocks

/// linux_dirent64, which no header of libc has.
struct Entry {
    uint64_t inode;
    int64_t next;
    uint16_t bytes;
    uint8_t kind;
    char name[256];  ///< of which it has what its name takes
};

// One thread makes the recording: of the small stack that it may have nothing is taken. A head is aligned to a page,
// which on a stack would take two.
alignas(Entry) constinit char entries[4096]{};
alignas(ProcessRecord) constinit char head_start[offsetof(ProcessRecord, started_ns)]{};

struct Old {
    char name[kNameBytes];
    int64_t seconds;
    int64_t nanoseconds;
    uint64_t bytes;
};
constinit Old oldest[kAtATime]{};  ///< the oldest one first

struct Tally {
    uint32_t count;
    uint64_t bytes;
};

/// loiter-PID-STARTTICKS-NONCE; what `run` makes begins with a letter there.
bool is_named_so(const char* name) {
    constexpr size_t kPrefix = sizeof(protocol::kFilePrefix) - 1;
    return strncmp(name, protocol::kFilePrefix, kPrefix) == 0 && name[kPrefix] >= '0' && name[kPrefix] <= '9' &&
           strlen(name) < kNameBytes;
}

class Folder {
public:
    explicit Folder(const char* path)
        : descriptor_(raw_syscall(SYS_openat, AT_FDCWD, as_argument(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)) {}
    void close() const { raw_syscall(SYS_close, descriptor_); }
    bool is_open() const { return descriptor_ >= 0; }
    long descriptor() const { return descriptor_; }

    template <typename Visit>
    void visit(Visit visit) const {
        raw_syscall(SYS_lseek, descriptor_, 0, SEEK_SET);
        for (uint32_t seen = 0; seen < kMostEntries;) {
            const long bytes = raw_syscall(SYS_getdents64, descriptor_, as_argument(entries), sizeof(entries));
            if (bytes <= 0) return;
            for (long at = 0; at < bytes; ++seen) {
                const auto* const entry = reinterpret_cast<const Entry*>(entries + at);
                if (is_named_so(entry->name)) visit(entry->name);
                at += entry->bytes;
            }
        }
    }

    /// A file of this user, and no link to one.
    bool has_own(const char* name, const ProcessFacts& facts, struct stat& status) const {
        return raw_syscall(SYS_newfstatat, descriptor_, as_argument(name), as_argument(&status), AT_SYMLINK_NOFOLLOW) ==
                   0 &&
               S_ISREG(status.st_mode) && status.st_uid == facts.uid;
    }

    bool is_dead(const char* name, const ProcessFacts& facts) const {
        const long file = raw_syscall(SYS_openat, descriptor_, as_argument(name),
                                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
        if (file < 0) return false;
        const long bytes = raw_syscall(SYS_pread64, file, as_argument(head_start), sizeof(head_start), 0);
        raw_syscall(SYS_close, file);
        if (bytes != static_cast<long>(sizeof(head_start))) return false;
        const auto& head = *reinterpret_cast<const ProcessRecord*>(head_start);
        return head.magic == protocol::kMagic && head.version == protocol::kVersion &&
               head.pid_namespace == facts.pid_namespace &&
               memcmp(head.boot_id, facts.boot_id, sizeof(facts.boot_id)) == 0 && head.pid != 0 &&
               head.pid <= INT32_MAX && raw_syscall(SYS_kill, head.pid, 0) == -ESRCH;
    }

private:
    const long descriptor_;
};

uint64_t bytes_of(const struct stat& status) {
    return static_cast<uint64_t>(status.st_blocks) * kBlock;
}

Tally own_recordings(const Folder& folder, const ProcessFacts& facts) {
    Tally tally{0, 0};
    folder.visit([&](const char* name) {
        struct stat status;
        if (!folder.has_own(name, facts, status)) return;
        ++tally.count;
        tally.bytes += bytes_of(status);
    });
    return tally;
}

bool is_older(const struct stat& status, const Old& than) {
    return status.st_mtim.tv_sec != than.seconds ? status.st_mtim.tv_sec < than.seconds
                                                 : status.st_mtim.tv_nsec < than.nanoseconds;
}

/// Among the oldest that are known so far, `count` of them.
void sort_in(const char* name, const struct stat& status, uint32_t& count) {
    uint32_t place = count;
    while (place > 0 && is_older(status, oldest[place - 1])) --place;
    if (place == kAtATime) return;
    if (count < kAtATime) ++count;
    for (uint32_t i = count - 1; i > place; --i) oldest[i] = oldest[i - 1];
    memcpy(oldest[place].name, name, strlen(name) + 1);
    oldest[place].seconds = status.st_mtim.tv_sec;
    oldest[place].nanoseconds = status.st_mtim.tv_nsec;
    oldest[place].bytes = bytes_of(status);
}

bool is_too_much(const Tally& tally, uint64_t share) {
    return tally.count > protocol::kKeptRecordings || tally.bytes > share;
}

/// The newest one stays, however large it is.
void remove_oldest(const Folder& folder, const ProcessFacts& facts, uint64_t share) {
    Tally dead{0, 0};
    uint32_t count = 0;
    folder.visit([&](const char* name) {
        struct stat status;
        if (!folder.has_own(name, facts, status) || !folder.is_dead(name, facts)) return;
        ++dead.count;
        dead.bytes += bytes_of(status);
        sort_in(name, status, count);
    });
    for (uint32_t i = 0; i < count && dead.count > 1 && is_too_much(dead, share); ++i) {
        raw_syscall(SYS_unlinkat, folder.descriptor(), as_argument(oldest[i].name), 0);
        --dead.count;
        dead.bytes -= oldest[i].bytes;
    }
}

uint64_t share_of_room(const Folder& folder) {
    struct statfs filesystem {};
    if (raw_syscall(SYS_fstatfs, folder.descriptor(), as_argument(&filesystem)) != 0 || filesystem.f_blocks == 0)
        return UINT64_MAX;  // a tmpfs without a limit tells no size
    return static_cast<uint64_t>(filesystem.f_blocks) * static_cast<uint64_t>(filesystem.f_bsize) / kShareOfRoom;
}

}  // namespace

void remove_old_recordings(const char* path, const ProcessFacts& facts) {
    if (facts.pid_namespace == 0) return;  // without /proc nobody can be told to be dead
    const Folder folder(path);
    if (!folder.is_open()) return;
    const uint64_t share = share_of_room(folder);
    Tally own = own_recordings(folder, facts);
    if (own.count != 0) --own.count;  // the one that has just been made
    if (is_too_much(own, share)) remove_oldest(folder, facts, share);
    folder.close();
}

}  // namespace preload
