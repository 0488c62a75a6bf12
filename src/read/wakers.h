// SPDX-License-Identifier: Apache-2.0
//
// What could yet wake the threads of a process that all sleep: as the library noted it, and, of a
// live process, as /proc tells.
#pragma once

#include <cstdint>

#include "protocol/layout.h"
#include "read/kernel/tasks.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Fills `wakers`, and says of each wait whether its object is shared. `pid`: of a live process, else
/// unused; `tasks`: empty unless it lives.
void fill_wakers(const protocol::ProcessRecord& head, uint32_t pid, const TaskLook& tasks,
                 snapshot::Snapshot& snapshot);

/// The same for a process whose library was never there.
void fill_unobserved_wakers(uint32_t pid, const TaskLook& tasks, snapshot::Snapshot& snapshot);

}  // namespace reader
