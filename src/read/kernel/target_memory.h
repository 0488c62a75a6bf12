// SPDX-License-Identifier: Apache-2.0
//
// Memory of a live process, without stopping it. Takes attach rights: under Yama an unrelated user
// has none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reader {

struct MemoryRead {
    size_t bytes;  ///< that came before the first one that could not be read
    int error;     ///< errno of the call; 0 when any byte came
};

/// The addresses may be anything.
MemoryRead read_memory(uint32_t pid, uint64_t address, void* to, size_t bytes);
bool write_memory(uint32_t pid, uint64_t address, const void* from, size_t bytes);

}  // namespace reader
