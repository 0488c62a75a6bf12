// SPDX-License-Identifier: Apache-2.0
#include "read/calls/lock_owners.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "read/calls/words.h"
#include "read/kernel/proc.h"

namespace reader {

using snapshot::ProcessOwner;

namespace {

constexpr size_t kFileBytes = size_t{16} << 20;
constexpr size_t kMostOwners = 64;
constexpr size_t kMostLookedAt = 256;

void add(uint32_t pid, std::optional<int> descriptor, const FileLock& held, std::vector<ProcessOwner>& owners) {
    const auto is_known = [&](const ProcessOwner& owner) { return owner.pid == pid; };
    if (owners.size() == kMostOwners || std::any_of(owners.begin(), owners.end(), is_known)) return;
    ProcessOwner owner;
    owner.pid = pid;
    owner.command = command_of_owner(pid);
    owner.descriptor = descriptor;
    owner.file_lock = held.kind;
    owner.mode = held.exclusive ? snapshot::Mode::kExclusive : snapshot::Mode::kShared;
    owners.push_back(std::move(owner));
}

bool is_through(const DescriptorInfo& info, const FileLock& held) {
    return std::any_of(info.locks.begin(), info.locks.end(), [&](const FileLock& lock) {
        return lock.kind == held.kind && lock.file == held.file && lock.exclusive == held.exclusive &&
               lock.start == held.start && lock.end == held.end;
    });
}

}  // namespace

LockOwners::LockOwners(uint32_t pid, Descriptors& descriptors, OpenFiles& open_files)
    : pid_(pid), descriptors_(descriptors), open_files_(open_files) {}

/// /proc/locks has the device of the file system; a file's own status may have another one (btrfs,
/// overlays), but is all there is where the mount is listed nowhere: of a memfd.
bool LockOwners::identify(uint32_t tid, int descriptor, FileId& file) {
    const DescriptorInfo info = descriptors_.info(tid, descriptor);
    if (!mounts_) mounts_ = read_file(task_path(pid_, tid, "mountinfo"), kFileBytes);
    if (info.inode && info.mount && find_device(*mounts_, *info.mount, file)) {
        file.inode = *info.inode;
        return true;
    }
    struct statx facts = {};
    const std::string path = task_path(pid_, tid, "fd/" + std::to_string(descriptor));
    constexpr int kFlags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;  // not held up by a dead file server
    if (statx(AT_FDCWD, path.c_str(), kFlags, STATX_INO, &facts) != 0) return false;
    file = {facts.stx_dev_major, facts.stx_dev_minor, facts.stx_ino};
    return true;
}

std::vector<ProcessOwner> LockOwners::of(uint32_t tid, int descriptor, FileLock wanted, uint32_t waiter) {
    std::vector<ProcessOwner> owners;
    if (!identify(tid, descriptor, wanted.file)) return owners;
    wanted.pid = pid_;
    if (!locks_) locks_ = parse_file_locks(read_file("/proc/locks", kFileBytes));
    const std::string link = descriptors_.name(tid, descriptor);
    for (const FileLock& held : in_the_way(*locks_, wanted)) {
        if (held.kind == FileLockKind::kProcess) {
            if (held.pid > 0) add(static_cast<uint32_t>(held.pid), {}, held, owners);
        } else {
            add_holders(link, held, owners);
        }
    }
    const bool is_single = task_ids(pid_).size() == 1;
    for (ProcessOwner& owner : owners) {
        if (is_single && owner.pid == pid_) owner.thread = waiter;
    }
    return owners;
}

/// Such a lock is of an open file, which processes can share: each one that has it open holds the lock,
/// whoever took it.
void LockOwners::add_holders(const std::string& link, const FileLock& held, std::vector<ProcessOwner>& owners) {
    const size_t before = owners.size();
    size_t looks = 0;
    for (const OpenFile& file : open_files_.named(link)) {
        if (++looks > kMostLookedAt) break;
        const std::string path = proc_path(file.pid, "fdinfo/" + std::to_string(file.descriptor));
        if (!is_through(parse_descriptor_info(read_small_file(path, 4096)), held)) continue;
        add(file.pid, file.descriptor, held, owners);
    }
    if (owners.size() == before && held.pid > 0) {
        add(static_cast<uint32_t>(held.pid), {}, held, owners);
    }
}

}  // namespace reader
