// SPDX-License-Identifier: Apache-2.0
#include "read/calls/open_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>

#include "read/calls/words.h"
#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kMostLinks = 500'000;
constexpr size_t kMostOfOne = 256;

bool may_have_other_end(std::string_view link) {
    return link.starts_with("pipe:[") || link.starts_with("socket:[") ||
           (link.starts_with('/') && (!link.starts_with("/dev/") || link.starts_with("/dev/shm/")) &&
            !link.starts_with("/proc/"));
}

/// Processes of outer pid namespaces have no number here; where /proc hides those of others, it hides the first.
bool sees_all_processes() {
    constexpr uint64_t kFirstNamespace = 0xEFFFFFFC;  // the kernel's PROC_PID_INIT_INO
    return namespace_inode("/proc/self/ns/pid") == kFirstNamespace && stat_of_process(1).has_value();
}

}  // namespace

const std::vector<OpenFile>& OpenFiles::named(const std::string& link) {
    static const std::vector<OpenFile> kNone;
    scan();
    const auto found = files_.find(link);
    return found == files_.end() ? kNone : found->second;
}

std::string OpenFiles::gap() {
    scan();
    if (hidden_ > 0)
        return std::to_string(hidden_) + (hidden_ == 1 ? " process" : " processes") + " could not be looked at";
    return sees_all_processes() ? "" : "not all processes of this machine can be seen from here";
}

void OpenFiles::scan() {
    if (is_scanned_) return;
    is_scanned_ = true;
    for (const uint32_t pid : process_ids()) {
        if (!scan_process(pid)) ++hidden_;
    }
}

/// False: not all of it was seen. Where the main thread has ended another one has the descriptors.
bool OpenFiles::scan_process(uint32_t pid) {
    const std::optional<TaskStat> stat = stat_of_process(pid);
    if (!stat) return true;  // it is gone
    uint32_t tid = pid;
    if (stat->state == 'Z' || stat->state == 'X') tid = live_task(pid);
    if (tid == 0) return true;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(task_path(pid, tid, "fd").c_str()), closedir);
    if (folder == nullptr) return errno == ENOENT || errno == ESRCH;
    while (const dirent* const entry = readdir(folder.get())) {
        const std::optional<int> descriptor = number_in<int>(entry->d_name);
        if (!descriptor) continue;
        if (++links_ > kMostLinks) return false;
        char target[PATH_MAX];
        const ssize_t length = readlinkat(dirfd(folder.get()), entry->d_name, target, sizeof(target));
        if (length <= 0 || !may_have_other_end({target, static_cast<size_t>(length)})) continue;
        // The link's own rights tell what it was opened for.
        struct stat rights = {};
        if (fstatat(dirfd(folder.get()), entry->d_name, &rights, AT_SYMLINK_NOFOLLOW) != 0) continue;
        std::vector<OpenFile>& same = files_[std::string(target, static_cast<size_t>(length))];
        if (same.size() == kMostOfOne) continue;
        same.push_back({pid, *descriptor, (rights.st_mode & S_IRUSR) != 0, (rights.st_mode & S_IWUSR) != 0});
    }
    return true;
}

}  // namespace reader
