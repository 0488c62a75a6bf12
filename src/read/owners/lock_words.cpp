// SPDX-License-Identifier: Apache-2.0
#include "read/owners/lock_words.h"

#include <linux/futex.h>
#include <pthread.h>

#include <cerrno>
#include <cstring>

#include "read/kernel/target_memory.h"

namespace reader {

namespace {

// libc's bits/struct_mutex.h and pthreadP.h: part of its ABI, as mutexes have static initializers.
constexpr int kRobust = 16;
constexpr int kPriorityInheriting = 32;
constexpr int kShared = 128;
constexpr int kKnownKinds = 3 | kRobust | kPriorityInheriting | 64 | kShared | 256 | 512;  // protected, elision
constexpr int kDestroyed = -1;
// libc's nptl/pthread_rwlock_common.c: of __readers.
constexpr uint32_t kTurnOfWriters = 1;
constexpr uint32_t kReaderCountShift = 3;

bool is_robust(const pthread_mutex_t& mutex) {
    return mutex.__data.__kind != kDestroyed && (mutex.__data.__kind & kRobust) != 0;
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

/// While it is the turn of writers, readers that wait are counted there as well, and none has it.
uint32_t readers_of(const pthread_rwlock_t& lock) {
    const uint32_t word = lock.__data.__readers;
    return (word & kTurnOfWriters) != 0 ? 0 : word >> kReaderCountShift;
}

bool is_plausible(const pthread_mutex_t& mutex) {
    const int kind = mutex.__data.__kind;
    return kind == kDestroyed || ((kind & ~kKnownKinds) == 0 && mutex.__data.__owner >= 0);
}

bool is_plausible(const pthread_rwlock_t& lock) {
    return lock.__data.__flags <= PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP && lock.__data.__cur_writer >= 0 &&
           (lock.__data.__shared == 0 || lock.__data.__shared == 1);
}

void note_kind(const pthread_mutex_t& mutex, uint64_t address, LockWords& words) {
    if (is_robust(mutex)) words.robust.insert(address);
    if (mutex.__data.__kind != kDestroyed && (mutex.__data.__kind & kShared) != 0) words.shared.insert(address);
}

void note_kind(const pthread_rwlock_t& lock, uint64_t address, LockWords& words) {
    words.readers.emplace(address, readers_of(lock));
    if (lock.__data.__shared != 0) words.shared.insert(address);
    if (lock.__data.__flags == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) words.prefer_writers.insert(address);
}

/// Returns errno.
template <typename Lock>
int read_lock(const std::function<MemoryRead(uint64_t, void*, size_t)>& read_bytes, uint64_t address,
              LockWords& words) {
    Lock lock;
    const MemoryRead read = read_bytes(address, &lock, sizeof(lock));
    if (read.bytes != sizeof(lock)) return read.error != 0 ? read.error : EFAULT;
    if (!is_plausible(lock)) {
        words.no_locks.insert(address);
        return 0;
    }
    words.owner_tids.emplace(address, owner_of(lock));
    note_kind(lock, address, words);
    return 0;
}

}  // namespace

void read_owned_futexes(uint32_t pid, const std::vector<uint64_t>& futexes, LockWords& words) {
    for (const uint64_t futex : futexes) {
        uint32_t word = 0;
        const MemoryRead read = read_memory(pid, futex, &word, sizeof(word));
        if (read.bytes == sizeof(word)) words.owner_tids.emplace(futex, word & FUTEX_TID_MASK);
    }
}

void read_futex_values(const std::function<MemoryRead(uint64_t, void*, size_t)>& read,
                       const std::set<uint64_t>& futexes, LockWords& words) {
    for (const uint64_t futex : futexes) {
        uint32_t word = 0;
        if (read(futex, &word, sizeof(word)).bytes == sizeof(word)) words.values.emplace(futex, word);
    }
}

LockWords read_lock_words(uint32_t pid, const LocksToAsk& locks) {
    return read_lock_words(
        [pid](uint64_t address, void* to, size_t bytes) { return read_memory(pid, address, to, bytes); }, locks);
}

LockWords read_lock_words(const std::function<MemoryRead(uint64_t, void*, size_t)>& read, const LocksToAsk& locks) {
    LockWords words;
    for (const auto& [address, kind] : locks) {
        const int error = kind == protocol::LockKind::kRwlock ? read_lock<pthread_rwlock_t>(read, address, words)
                                                              : read_lock<pthread_mutex_t>(read, address, words);
        if (error != 0 && words.failure.empty()) words.failure = std::strerror(error);
        if (error == EPERM || error == ESRCH || error == ENOSYS) break;
    }
    return words;
}

}  // namespace reader
