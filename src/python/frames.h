// SPDX-License-Identifier: Apache-2.0
//
// The chain of a thread's Python frames, from the newest to the oldest.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "python/objects.h"
#include "snapshot/snapshot.h"

namespace python {

/// By address. A code object stays what it is while a frame has it.
using Codes = std::map<uint64_t, Code>;

struct Chain {
    std::vector<snapshot::Frame> frames;  ///< innermost first
    bool truncated = false;               ///< it has more
    /// Its oldest frame is a generator's. C code may call one from no Python frame, but one that is just
    /// being left looks the same, and then callers are missing.
    bool ends_in_generator = false;

    /// What was read, in the order in which it was: equal chains were read of equal memory.
    std::vector<uint64_t> marks;

    Codes codes;  ///< of its frames, that were not known before
};

/// As many as Python's own limit of recursion lets a program have.
inline constexpr size_t kMaxFrames = 1000;

/// From the frame at `address` on; 0: none. Empty: what lies there is no chain of frames, or no longer
/// one. Bounded. `known`: code objects that are not read again.
std::optional<Chain> read_chain(const Memory& memory, const Offsets& offsets, const Objects& objects, uint64_t address,
                                const Codes& known = {});

}  // namespace python
