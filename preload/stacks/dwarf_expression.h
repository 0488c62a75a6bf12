// SPDX-License-Identifier: Apache-2.0
//
// The few DWARF expressions (DWARF 5 §2.5) that unwind tables hold: PLT entries, frames on a
// realigned stack, hand-written assembly. A fixed stack and number of steps; memory is read checked.
#pragma once

#include <cstdint>

#include "preload/stacks/cfi.h"
#include "preload/stacks/safe_read.h"

namespace preload {

/// The registers that a walk carries from frame to frame.
struct Registers {
    uintptr_t pc;
    uintptr_t sp;
    uintptr_t fp;
    bool fp_known;
};

/// `cfa` starts on the evaluation stack where the rule says so; null: empty stack. False: an
/// operation or register is not known, or memory cannot be read.
bool evaluate(Expression expression, const Registers& registers, const uintptr_t* cfa, SafeReader& memory,
              uintptr_t& result);

/// True for "the word that `offset` from the frame pointer points at" (a load) or the address itself.
bool is_frame_pointer_offset(Expression expression, bool with_load, int64_t& offset);

}  // namespace preload
