// SPDX-License-Identifier: Apache-2.0
//
// What a program's file tells about how the kernel and the loader will treat it.
#pragma once

#include <string>

namespace launch {

/// The file that execvp would run for `command`; empty when there is none.
std::string find_program(const std::string& command);

/// One sentence, with what to do; empty when the file can be observed, or cannot be read. A
/// script is judged by its interpreter, also behind `env`.
std::string obstacle_in_file(const std::string& path);

/// The loader can be told to preload this file: it is there, and its path has no separators.
bool can_preload(const std::string& library);

}  // namespace launch
