// SPDX-License-Identifier: Apache-2.0
//
// How far below its frame pointer a function's stack pointer is, by the function's code: what the
// unwind tables do not say of functions with a frame pointer. x86-64.
#pragma once

#include <cstdint>
#include <optional>

#include "unwind/memory.h"

namespace unwind {

/// Past the prologue of the function that fills [start, end), and outside of its pushed arguments.
/// Empty: it has no frame pointer, its frame changes in size, or its prologue is an unusual one.
std::optional<uint64_t> frame_size(Memory& memory, uint64_t start, uint64_t end);

}  // namespace unwind
