// SPDX-License-Identifier: Apache-2.0
//
// What a thread's wait means to its program: many things wait on a futex or a condition. Told by the
// library's functions on the stack (wait_meanings.inc); the state itself, which verdicts go by, stays. The
// bound of a call that the library makes again and again goes.
#pragma once

#include "snapshot/snapshot.h"

namespace analyze {

/// Fills Thread::meaning, and noun and members of its wait, of a symbolized snapshot.
/// O(distinct stacks * their outermost library frames * rows).
void name_waits(snapshot::Snapshot& snapshot);

}  // namespace analyze
