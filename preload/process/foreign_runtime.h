// SPDX-License-Identifier: Apache-2.0
//
// Processes whose own runtime leaves no place for the library: there every wrapper forwards, and nothing is
// recorded.
#pragma once

namespace preload {

/// True under another C library than glibc, whose locks and threads are laid out in another way; and under
/// ThreadSanitizer, which takes what the library does for the program's: it would report a try before a
/// lock, and words that are written past it. Also where another copy of this library comes first.
bool must_stay_out();

}  // namespace preload
