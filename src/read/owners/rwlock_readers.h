// SPDX-License-Identifier: Apache-2.0
//
// Who lets go of a rwlock past the wrappers stays in the records: libc's own count of readers tells.
#pragma once

#include <vector>

#include "read/owners/lock_words.h"
#include "read/records/thread_records.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Adds to `lock_memory` how often rwlocks are read: by `words`, and by the records as they were before
/// those were read and after.
void fill_readers(const LockWords& words, const std::vector<ThreadCopy>& before, const std::vector<ThreadCopy>& after,
                  snapshot::Snapshot& snapshot);

}  // namespace reader
