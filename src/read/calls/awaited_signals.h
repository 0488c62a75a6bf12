// SPDX-License-Identifier: Apache-2.0
//
// The signals that end a wait for one.
#pragma once

#include <cstdint>
#include <string>

#include "read/kernel/tasks.h"

namespace reader {

/// Signal n at bit n - 1: "SIGINT, SIGTERM"; "any signal but SIGINT"; "" for none.
std::string set_words(uint64_t signals);

/// Of a thread in sigwait and its kin, sigsuspend or pause; empty: not known. `own_signal`: the library
/// has a handler for it, which is none of the program's; 0: none.
std::string awaited_signals(uint32_t pid, const Task& task, uint32_t own_signal);

}  // namespace reader
