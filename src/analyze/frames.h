// SPDX-License-Identifier: Apache-2.0
//
// Which frames of a stack are the program's own, and which are plumbing of libc, the language runtime
// and the libraries that threads wait in (library_code.inc). Judges names, needs symbolized frames.
#pragma once

#include <string>
#include <string_view>

#include "snapshot/snapshot.h"

namespace analyze {

/// Whose code a frame is, nearest to the program first.
enum class Origin { kProgram, kLibrary, kRuntime };

/// A frame of which nothing is known is the program's.
Origin origin_of(const snapshot::Frame& frame);

/// Of the frame that is nearest to the program. Frames that are as near are the stack's own: what a
/// report shows of it.
Origin nearest_origin(const snapshot::Stack& stack);

/// Not the program's own.
bool is_runtime_frame(const snapshot::Frame& frame);

/// Innermost of the stack's own frames: where a reader of a report starts to look. Null when all are of
/// libc and the language runtime.
const snapshot::Frame* first_program_frame(const snapshot::Stack& stack);

/// Below a system library folder: code of others, whose names come and go with its debug package.
bool is_in_system_library(const snapshot::Frame& frame);

/// "Channel<int>::receive()"; the module's file name where no function is known; may be empty.
std::string frame_words(const snapshot::Frame& frame);

/// File name without its folders.
std::string_view base_name(std::string_view path);

}  // namespace analyze
