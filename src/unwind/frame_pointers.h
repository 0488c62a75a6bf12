// SPDX-License-Identifier: Apache-2.0
//
// Code that no unwind table describes, but whose runtime keeps a frame pointer in every frame of it: V8,
// whose functions, compiled at run time or built into node, all begin by pushing rbp.
//
// Others do not: the Java VM's compiler uses rbp for whatever it likes, so that following it could leave
// frames out, and nothing would tell.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "unwind/memory.h"
#include "unwind/modules.h"
#include "unwind/walker.h"

namespace unwind {

/// The way out of such code.
struct Crossing {
    std::vector<Step> steps;  ///< after the one it begins at; the last is of described code
    Registers after;          ///< of that one
};

class FramePointers {
public:
    /// All outlive it.
    FramePointers(Memory& memory, const Modules& modules, Walker& walker);

    /// From a frame of such code on, whose rbp is known. Empty: it is none, or its frames do not lead to
    /// described code, each by a call. At most `limit` steps.
    std::optional<Crossing> cross(const Step& from, uint64_t frame_pointer, size_t limit);

private:
    bool keeps_them(uint64_t pc);

    Memory& memory_;
    const Modules& modules_;
    Walker& walker_;
    bool has_runtime_ = false;
};

}  // namespace unwind
