// SPDX-License-Identifier: Apache-2.0
//
// Of a thread outside of wrappers the kernel tells the system call; its named stack tells the function
// of libc that the program called: "fgets" for a read, "getaddrinfo" for a poll.
#pragma once

#include <string>
#include <string_view>

#include "snapshot/snapshot.h"

namespace symbolize {

/// Without leading underscores, "_chk", and the words of libc's own for its functions: "__read_chk",
/// "_IO_getc", "__isoc99_fscanf", "__fopen_internal" are "read", "getc", "fscanf", "fopen".
std::string plain_function(std::string_view symbol);

/// The outermost of the innermost frames that lie in libc; empty: there is none, or it cannot be told.
std::string called_function(const snapshot::Stack& stack);

/// Puts it in the place of the system call, in every thread that is in I/O, without the bound of that
/// where it is libc's own.
void name_io_functions(snapshot::Snapshot& snapshot);

}  // namespace symbolize
