// SPDX-License-Identifier: Apache-2.0
//
// The end of the process: what is noted, what leftover threads are given, and how the command that
// watches gets its look at them.
#pragma once

#include "protocol/layout.h"

namespace preload {

/// The process is about to end in this way. Returns after the grace time of leftover threads and the
/// command's answer; at once when no thread is left, nobody watches, or this is not the process that
/// the recording belongs to (a child of vfork or fork).
void end_process(protocol::End end, int status);

/// exec has failed: the process goes on.
void take_back_end();

/// The way of the end is known, the end itself is not reached yet (`exit` was called).
void note_end(protocol::End end, int status);

}  // namespace preload
