// SPDX-License-Identifier: Apache-2.0
//
// Processes that run in one memory: children of clone with CLONE_VM, but no threads of their parent.
#pragma once

#include <cstdint>

namespace reader {

/// Whether another process runs, or may run, in the memory of this one. `task`: a thread of it that
/// lives. Asks of every process there is, a call of the kernel each.
bool is_memory_shared(uint32_t pid, uint32_t task);

}  // namespace reader
