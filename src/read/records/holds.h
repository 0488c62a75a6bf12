// SPDX-License-Identifier: Apache-2.0
//
// What a record says of the locks that its thread has.
#pragma once

#include <vector>

#include "read/records/stacks.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Holds, those lent to a condition wait too. None is older than its thread. `live`: pid of the process; 0: it is dead.
std::vector<snapshot::Hold> holds_of(const ThreadCopy& copy, uint32_t live, const Times& times, StackTable& stacks);

/// One that is not lent.
bool owns_a_lock(const ThreadCopy& copy);

}  // namespace reader
