// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/memory_sharers.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "read/kernel/proc.h"

namespace reader {

namespace {

/// Size of the memory in pages, as /proc/PID/statm begins, which anyone may read; empty: not known.
std::string memory_size(uint32_t pid, uint32_t task) {
    const std::string text = read_small_file(task_path(pid, task, "statm"), 256);
    return text.substr(0, text.find(' '));
}

bool may_share(uint32_t pid, uint32_t task, uint32_t other) {
    const long order = syscall(SYS_kcmp, task, other, KCMP_VM, 0, 0);
    if (order >= 0) return order == 0;
    if (errno == ESRCH) return false;
    // The kernel does not tell: memory of another size is other memory, and none is that of its own threads.
    const std::string size = memory_size(other, other);
    return !size.empty() && size != "0" && size == memory_size(pid, task);
}

}  // namespace

bool is_memory_shared(uint32_t pid, uint32_t task) {
    const std::vector<uint32_t> all = process_ids();
    return std::any_of(all.begin(), all.end(),
                       [&](uint32_t other) { return other != pid && may_share(pid, task, other); });
}

}  // namespace reader
