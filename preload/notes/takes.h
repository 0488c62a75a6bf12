// SPDX-License-Identifier: Apache-2.0
//
// What a thread takes that has no owner in any memory, and that another process may wait for: semaphores that
// processes share, and locks on files. The kernel names the process at best; these notes name the thread and the place.
#pragma once

#include <cstdint>

#include "preload/stacks/stack_capture.h"

namespace preload {

/// The call has succeeded. `object`: protocol::kTaken*.
void note_take(uint64_t object, const CallerFrame& caller);
void note_give_back(uint64_t object, const CallerFrame& caller);

}  // namespace preload
