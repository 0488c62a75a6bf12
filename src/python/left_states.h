// SPDX-License-Identifier: Apache-2.0
//
// What an interpreter that has been shut down leaves of its daemon threads. It forgets them and gives the
// memory of their states back, but ends none of them: a thread that sleeps has its frames, which keep their
// code, and on its own stack the pointers to its state, whose memory mostly nobody has taken since.
#pragma once

#include <cstdint>
#include <optional>

#include "python/memory.h"
#include "python/offsets.h"

namespace python {

/// The state of the thread, which sleeps with this stack pointer: the only one that its stack points to,
/// that has its number and is in calls of that very stack. Empty: there is none. What it says of frames is
/// not yet believed: `read_chain` does not tell what is none.
std::optional<uint64_t> find_left_state(const Memory& memory, const Offsets& offsets, uint32_t native_id,
                                        uint64_t stack_pointer);

}  // namespace python
