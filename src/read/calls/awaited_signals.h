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

/// Of a thread in sigwait and its kin, sigsuspend or pause; empty: not known. `own_signals`: the library
/// has handlers for them, which are none of the program's.
std::string awaited_signals(uint32_t pid, const Task& task, uint64_t own_signals);

}  // namespace reader
