// SPDX-License-Identifier: Apache-2.0
//
// What threads have noted of the semaphores and locks on files that they took.
#pragma once

#include <vector>

#include "read/records/stacks.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Latest first. Of threads that have left, too.
std::vector<snapshot::Take> takes_of(const std::vector<ThreadCopy>& threads, const Legacy& legacy, const Times& times,
                                     StackTable& stacks);

}  // namespace reader
