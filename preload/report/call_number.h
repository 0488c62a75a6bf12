// SPDX-License-Identifier: Apache-2.0
//
// Which system call was interrupted: its number is gone from RAX, but stands in the code before it.
#pragma once

#include <ucontext.h>

namespace preload {

/// The number of the system call that `context` has just returned from, read from the instructions
/// that set EAX right before it, or from the wait that its wrapper published. -1: not known, or no
/// system call was there. A signal handler's: never faults.
long interrupted_call_number(const ucontext_t& context);

}  // namespace preload
