// SPDX-License-Identifier: Apache-2.0
//
// Who in another observed process has what a thread waits for, where it took it, and what it does now: from that
// process' own recording.
#pragma once

#include "snapshot/snapshot.h"

namespace reader {

/// Of a live process. Adds to waits for semaphores that processes share who took them last, and to all owners of other
/// processes what their recordings tell. Each of those processes is looked at once; no more than a few.
void follow_owners(snapshot::Snapshot& snapshot);

}  // namespace reader
