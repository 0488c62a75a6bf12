// SPDX-License-Identifier: Apache-2.0
//
// The end of the process: what is noted, what leftover threads are given, and how the command that
// watches gets its look at them.
#pragma once

#include "protocol/layout.h"

namespace preload {

/// The way of the end is known, the end itself is not reached yet: handlers of the program may still
/// join its threads.
void note_end(protocol::End end, int status);

/// The same of an end that this thread has called no function for: main has returned, and libc's own exit goes on.
void note_return(int status);

/// True once in a process: when its exit handlers have all been run.
bool comes_first_to_the_end();

/// In a child of fork: what was noted is its parent's end.
void forget_end();

/// The end, in the way that was noted, or in `end`, which counts if no other thread is at it. Returns after the grace
/// time of leftover threads and the command's answer; at once when no thread is left, nobody watches, or this is not
/// the process that the recording belongs to (a child of vfork or fork). False: another thread is at it, or that.
bool end_process();
bool end_process(protocol::End end, int status);

/// The same for the thread that is at it, when a handler of the program has interrupted its waiting: there is no more
/// of that, and the process ends in the way that was noted. Call with the grace time over.
[[noreturn]] void end_as_noted();

/// The end of this image, by an exec that may yet fail. Otherwise as end_process.
bool end_image();

/// exec has failed after end_image was true: the process goes on, on the way that it was on.
void take_back_end();

/// Nothing is left behind by a clean end, unless somebody named the folder for it.
void remove_recording();

}  // namespace preload
