// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace reader {

/// A signal ends the process, or is about to: what its threads seem to do, or that they are gone, is not their doing.
/// False also of one that is gone altogether. O(threads).
bool is_being_killed(uint32_t pid);

}  // namespace reader
