// SPDX-License-Identifier: Apache-2.0
//
// How far below its frame pointer a function's stack pointer is, by the function's code: what the
// unwind tables do not say of functions with a frame pointer. x86-64.
#pragma once

#include <cstdint>
#include <optional>

#include "unwind/memory.h"

namespace unwind {

struct FrameSize {
    uint64_t bytes = 0;  ///< past the prologue, and outside of pushed arguments
    /// Where the first instruction is that makes the frame larger by an amount that the code does not tell, as
    /// for alloca; empty: there is none.
    std::optional<uint64_t> grows_at;

    bool operator==(const FrameSize&) const = default;
};

/// Of the function that fills [start, end). Empty: it has no frame pointer, or its prologue is an unusual one.
std::optional<FrameSize> frame_size(Memory& memory, uint64_t start, uint64_t end);

}  // namespace unwind
