// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/named_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace reader {

namespace {

/// Files of /proc call themselves regular.
bool is_of_kernel(const struct statfs& filesystem) {
    return filesystem.f_type == PROC_SUPER_MAGIC || filesystem.f_type == SYSFS_MAGIC ||
           filesystem.f_type == DEBUGFS_MAGIC || filesystem.f_type == TRACEFS_MAGIC;
}

}  // namespace

int open_named_file(const std::string& path) {
    struct stat status = {};
    struct statfs filesystem = {};
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return -1;
    if (statfs(path.c_str(), &filesystem) != 0 || is_of_kernel(filesystem)) return -1;
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return -1;
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) return descriptor;
    close(descriptor);
    return -1;
}

}  // namespace reader
