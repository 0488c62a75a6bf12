// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/target_memory.h"

#include <sys/uio.h>

#include <cerrno>

#include "read/kernel/proc.h"

namespace reader {

namespace {

/// After the main thread's end the process is reached through another of its threads only.
template <typename Call>
ssize_t with_live_thread(uint32_t pid, Call call) {
    const ssize_t result = call(static_cast<pid_t>(pid));
    if (result >= 0 || errno != ESRCH) return result;
    const uint32_t other = live_task(pid);
    errno = ESRCH;
    return other == 0 || other == pid ? -1 : call(static_cast<pid_t>(other));
}

}  // namespace

MemoryRead read_memory(uint32_t pid, uint64_t address, void* to, size_t bytes) {
    const iovec local{to, bytes};
    const iovec remote{reinterpret_cast<void*>(address), bytes};
    const ssize_t got =
        with_live_thread(pid, [&](pid_t thread) { return process_vm_readv(thread, &local, 1, &remote, 1, 0); });
    if (got < 0) return {0, errno};
    return {static_cast<size_t>(got), 0};
}

bool write_memory(uint32_t pid, uint64_t address, const void* from, size_t bytes) {
    const iovec local{const_cast<void*>(from), bytes};
    const iovec remote{reinterpret_cast<void*>(address), bytes};
    return with_live_thread(pid, [&](pid_t thread) { return process_vm_writev(thread, &local, 1, &remote, 1, 0); }) ==
           static_cast<ssize_t>(bytes);
}

}  // namespace reader
