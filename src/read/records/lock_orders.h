// SPDX-License-Identifier: Apache-2.0
//
// What a recording tells of the order of locks, and of misuse that was seen, as a snapshot has it.
#pragma once

#include "protocol/layout.h"
#include "read/records/stacks.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Orders that more than one thread noted are one.
void fill_lock_orders(const Legacy& legacy, StackTable& stacks, snapshot::Snapshot& snapshot);
void fill_lock_turns(const Legacy& legacy, snapshot::Snapshot& snapshot);

void fill_misuses(const protocol::ProcessRecord& head, const Times& times, StackTable& stacks,
                  snapshot::Snapshot& snapshot);

}  // namespace reader
