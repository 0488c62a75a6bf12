// SPDX-License-Identifier: Apache-2.0
#include "read/lock_words.h"

#include <linux/futex.h>
#include <pthread.h>

#include <cerrno>
#include <cstring>

#include "read/target_memory.h"

namespace reader {

using protocol::LockKind;

namespace {

// libc's bits/struct_mutex.h and pthreadP.h: part of its ABI, as mutexes have static initializers.
constexpr int kRobust = 16;
constexpr int kPriorityInheriting = 32;
constexpr int kDestroyed = -1;

bool is_robust(const pthread_mutex_t& mutex) {
    return mutex.__data.__kind != kDestroyed && (mutex.__data.__kind & kRobust) != 0;
}

bool is_robust(const pthread_rwlock_t&) {
    return false;
}

uint32_t owner_of(const pthread_mutex_t& mutex) {
    const int kind = mutex.__data.__kind;
    if (kind == kDestroyed) return 0;
    // For these the kernel keeps the owner in the futex word, also when the owner died.
    if ((kind & (kRobust | kPriorityInheriting)) != 0) {
        return static_cast<uint32_t>(mutex.__data.__lock) & FUTEX_TID_MASK;
    }
    return mutex.__data.__lock == 0 ? 0 : static_cast<uint32_t>(mutex.__data.__owner);
}

uint32_t owner_of(const pthread_rwlock_t& lock) {
    return static_cast<uint32_t>(lock.__data.__cur_writer);
}

/// Returns errno.
template <typename Lock>
int read_lock(uint32_t pid, uint64_t address, LockWords& words) {
    Lock lock;
    const MemoryRead read = read_memory(pid, address, &lock, sizeof(lock));
    if (read.bytes != sizeof(lock)) return read.error != 0 ? read.error : EFAULT;
    words.owner_tids.emplace(address, owner_of(lock));
    if (is_robust(lock)) words.robust.insert(address);
    return 0;
}

}  // namespace

LockWords read_lock_words(uint32_t pid, const LocksToAsk& locks) {
    LockWords words;
    for (const auto& [address, kind] : locks) {
        const int error = kind == LockKind::kRwlock ? read_lock<pthread_rwlock_t>(pid, address, words)
                                                    : read_lock<pthread_mutex_t>(pid, address, words);
        if (error != 0 && words.failure.empty()) words.failure = std::strerror(error);
        if (error == EPERM || error == ESRCH || error == ENOSYS) break;
    }
    return words;
}

}  // namespace reader
