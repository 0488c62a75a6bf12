// SPDX-License-Identifier: Apache-2.0
//
// Files that a recording, a core or another process names.
#pragma once

#include <string>

namespace reader {

/// Opens a regular file for reading; -1: it is none. Whatever else has the name is not even opened, for that may
/// act by itself: a device, a pipe somebody waits at, a file of the kernel's own. Never waits.
int open_named_file(const std::string& path);

}  // namespace reader
