// SPDX-License-Identifier: Apache-2.0
//
// Processes whose own runtime leaves no place for the library: there every wrapper forwards, and nothing is
// recorded.
#pragma once

#include "preload/ours.h"

namespace preload {

/// True under another C library than glibc, whose locks and threads are laid out in another way; and under
/// ThreadSanitizer, which takes what the library does for the program's: it would report a try before a
/// lock, and words that are written past it. Under Valgrind for the same reason, and as it ends programs at a system
/// call that it does not know. Also where another copy of this library comes first.
bool must_stay_out();

/// It does: for wrappers that would look at the program's memory before they ask for their thread.
OURS extern bool stays_out;

}  // namespace preload
