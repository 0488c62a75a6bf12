// SPDX-License-Identifier: Apache-2.0
//
// What belongs to a language's runtime and not to the program: the interpreter's frames, and the threads
// that a runtime keeps for itself and leaves behind when the process ends (garbage collectors, compilers).
// Judges names, needs symbolized frames. All that is known of a runtime is one row of a table.
#pragma once

#include "snapshot/snapshot.h"

namespace analyze {

/// A native frame of an interpreter: where the interpreted code is says it all.
bool is_interpreter_frame(const snapshot::Frame& frame);

/// A frame of the standard library of an interpreted language.
bool is_interpreted_library_frame(const snapshot::Frame& frame);

/// A thread that a runtime started for itself and that is in none but its own code. Never one of the
/// program, whatever it waits in.
bool is_runtime_helper(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

/// The lock is a runtime's own: a helper took it in its own code.
bool is_runtime_hold(const snapshot::Snapshot& snapshot, const snapshot::Thread& owner, const snapshot::Hold& hold);

/// None but a runtime's own code did it, to a lock of its own.
bool is_runtime_misuse(const snapshot::Snapshot& snapshot, const snapshot::Misuse& misuse);

/// It asked its runtime to end the process, and waits for another thread to do so.
bool has_asked_for_end(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

/// Its runtime, which ends the process, holds it up: in the middle of its code, or after the end of that.
bool is_kept_by_end(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

}  // namespace analyze
