// SPDX-License-Identifier: Apache-2.0
//
// How long a system call can last at most, by its arguments and what they point to in the target.
#pragma once

#include <cstdint>
#include <optional>

#include "read/kernel/proc.h"

namespace reader {

struct Bound {
    std::optional<double> left_seconds;   ///< known of absolute times only
    std::optional<double> whole_seconds;  ///< known of relative times only
};

/// Whether the arguments alone say that the call is bounded.
bool is_bounded(const SystemCall& call);

/// Empty fields: the target's memory cannot be read, or the call is not bounded.
Bound bound_of(uint32_t pid, const SystemCall& call);

}  // namespace reader
