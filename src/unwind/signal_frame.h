// SPDX-License-Identifier: Apache-2.0
//
// Code that the kernel makes signal handlers return to. Nobody called it, and what is behind it was interrupted:
// its address is that of the next instruction, no return address.
#pragma once

#include <cstdint>

#include "unwind/memory.h"
#include "unwind/modules.h"

namespace unwind {

/// By its unwind table, which has a mark for it ("S"), or by its instructions where no table has it. O(log functions).
bool is_signal_frame(Memory& memory, const Module* module, uint64_t pc);

}  // namespace unwind
