// SPDX-License-Identifier: Apache-2.0
//
// Files that a user names: read whole, and opened to be written.
#pragma once

#include <cstdint>
#include <string>

namespace command {

/// What is in a file or pipe of at most so many MiB. Throws std::runtime_error, one line, naming it and why not.
std::string text_of_file(const std::string& path, uint64_t most_mebibytes);

/// Made where it is missing. `how`: O_EXCL, O_TRUNC, O_APPEND or none. A descriptor, or -1 and errno.
int open_for_writing(const std::string& path, int how);

}  // namespace command
