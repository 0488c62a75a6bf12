// SPDX-License-Identifier: Apache-2.0
//
// The descriptors that poll and select wait for, from the arrays in the target's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "read/kernel/proc.h"

namespace reader {

struct PollSet {
    std::vector<int> descriptors;  ///< the first ones, each once
    size_t total = 0;              ///< of those that were looked through
};

/// Empty: it is no such call, or the memory cannot be read.
std::optional<PollSet> poll_set_of(uint32_t pid, const SystemCall& call);

}  // namespace reader
