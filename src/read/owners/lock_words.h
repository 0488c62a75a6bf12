// SPDX-License-Identifier: Apache-2.0
//
// Who owns a lock by libc's own words in the target's memory: what the wrappers did not see, they
// show.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "protocol/layout.h"
#include "read/kernel/target_memory.h"

namespace reader {

/// Locks to be asked for, by address; a rwlock or a mutex.
using LocksToAsk = std::map<uint64_t, protocol::LockKind>;

struct LockWords {
    std::map<uint64_t, uint32_t> owner_tids;    ///< by address, as the process itself numbers them; 0: none
    std::set<uint64_t> no_locks;                ///< addresses where something else is by now
    std::set<uint64_t> robust;                  ///< addresses of those that the kernel takes from a dead owner
    std::set<uint64_t> shared;                  ///< of those that other processes may use
    std::map<uint64_t, uint32_t> readers;       ///< by address, of rwlocks: how often they are held for reading
    std::set<uint64_t> prefer_writers;          ///< of rwlocks whose readers wait behind queued writers
    std::map<uint64_t, uint64_t> ended_owners;  ///< pthread_t by address, of owners that have ended: 0 above
    std::map<uint64_t, uint32_t> values;        ///< by address, of futexes that are no locks
    std::string failure;                        ///< why one could not be read; empty: all could
};

/// Adds the owners of futexes that the kernel makes locks of.
void read_owned_futexes(uint32_t pid, const std::vector<uint64_t>& futexes, LockWords& words);

/// Adds the values of futexes that are waited on as they are; nothing of one that cannot be read.
void read_futex_values(const std::function<MemoryRead(uint64_t, void*, size_t)>& read,
                       const std::set<uint64_t>& futexes, LockWords& words);

LockWords read_lock_words(uint32_t pid, const LocksToAsk& locks);
/// The same by whatever reads the memory.
LockWords read_lock_words(const std::function<MemoryRead(uint64_t, void*, size_t)>& read, const LocksToAsk& locks);

}  // namespace reader
