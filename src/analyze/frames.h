// SPDX-License-Identifier: Apache-2.0
//
// Which frames of a stack are the program's own, and which are plumbing of libc and the language
// runtime. Judges names, needs symbolized frames.
#pragma once

#include <string>
#include <string_view>

#include "snapshot/snapshot.h"

namespace analyze {

/// A frame of libc, the loader or the language runtime, or library code of a standard header that
/// was compiled into the program. A frame of which nothing is known is none.
bool is_runtime_frame(const snapshot::Frame& frame);

/// Innermost frame that is the program's own: where a reader of a report starts to look. Null when
/// all are runtime frames.
const snapshot::Frame* first_program_frame(const snapshot::Stack& stack);

/// Below a system library folder: code of others, whose names come and go with its debug package.
bool is_in_system_library(const snapshot::Frame& frame);

/// "Channel<int>::receive()"; the module's file name where no function is known; may be empty.
std::string frame_words(const snapshot::Frame& frame);

/// File name without its folders.
std::string_view base_name(std::string_view path);

/// Without the suffixes that a compiler gives to parts and copies of a function: they depend on the
/// optimization, not on the source.
std::string without_clone_suffixes(std::string_view function);

}  // namespace analyze
