// SPDX-License-Identifier: Apache-2.0
//
// Locks that processes share, and that a thread of another process has: libc's own words name it by its kernel
// id. Whose it is, the kernel tells, for as long as both live.
#pragma once

#include <cstdint>

#include "read/owners/lock_words.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Adds the owner's process to waits for locks of `words` that no thread of the live process `pid` has. Only
/// one that has mapped the very object, in the same namespaces, and that the lock names still.
void add_foreign_owners(uint32_t pid, const LockWords& words, snapshot::Snapshot& snapshot);

}  // namespace reader
