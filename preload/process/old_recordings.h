// SPDX-License-Identifier: Apache-2.0
//
// A service that is killed and started again for ever must not fill the folder that nobody chose for its
// recordings, where nobody calls the command either.
#pragma once

#include "preload/process/process_facts.h"

namespace preload {

/// Removes the oldest recordings in `folder` that dead processes of this user and of this pid namespace have left,
/// where they are more than the command would keep, or take too much of the room that is there for all. A few at a
/// time: each start adds one. System calls only; errno untouched. Not reentrant.
void remove_old_recordings(const char* folder, const ProcessFacts& facts);

}  // namespace preload
