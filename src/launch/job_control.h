// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace launch {

/// A shell with job control started this process, which has the terminal: the shell takes the terminal back when it
/// sees that this process has stopped, and lets it go on when it is asked to.
bool shell_minds_stops();

}  // namespace launch
