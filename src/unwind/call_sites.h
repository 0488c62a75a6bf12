// SPDX-License-Identifier: Apache-2.0
//
// What the instruction before a return address calls: the proof that a word on a stack is one. x86-64.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "unwind/memory.h"

namespace unwind {

enum class CallSite {
    kNone,      ///< no call comes before
    kOther,     ///< a direct call of something else
    kIndirect,  ///< through a register or memory: of what, the code does not say
    kDirect,    ///< of the function, maybe by a linkage table or a function that ends in a jump to it
};

/// `callee`: where a function begins. `end_of`: where the function that begins at an address ends.
CallSite call_before(Memory& memory, uint64_t return_address, uint64_t callee,
                     const std::function<std::optional<uint64_t>(uint64_t)>& end_of);

/// What the instruction calls, behind linkage tables; empty: none, or through a register.
std::optional<uint64_t> callee_before(Memory& memory, uint64_t return_address);

/// Where the code of a function seems to jump to outside of itself: of these are the functions that it ends in.
std::vector<uint64_t> jumps_out_of(Memory& memory, uint64_t function, uint64_t end);

}  // namespace unwind
