// SPDX-License-Identifier: Apache-2.0
#include "preload/threads/thread_id.h"

#include <pthread.h>
#include <time.h>

#include "preload/raw_syscall.h"

namespace preload {

uint32_t thread_id() {
    const long asked = raw_syscall(SYS_gettid);
    return asked > 0 ? static_cast<uint32_t>(asked) : noted_thread_id();
}

/// All functions of libc that tell it make a system call; but it is in the name of the thread's clock, for the kernel:
/// the upper 29 bits, inverted.
uint32_t noted_thread_id() {
    clockid_t clock;
    if (pthread_getcpuclockid(pthread_self(), &clock) != 0) return 0;
    return ~static_cast<uint32_t>(clock >> 3);
}

}  // namespace preload
