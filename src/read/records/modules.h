// SPDX-License-Identifier: Apache-2.0
//
// The loaded objects that a recording names: which one a program counter lay in when its stack was
// taken.
#pragma once

#include <cstdint>
#include <vector>

#include "read/records/head.h"
#include "snapshot/snapshot.h"

namespace reader {

class ModuleTable {
public:
    /// The generation of what is not in a recorded stack: the present one.
    static constexpr uint32_t kLatest = UINT32_MAX;

    /// `head`: a fresh copy.
    ModuleTable(const Source& source, const Layout& layout, const protocol::ProcessRecord& head);

    /// Of a process without a recording. By start address.
    explicit ModuleTable(std::vector<snapshot::Module> modules);

    /// The module that covered `address` at that generation; null: none is known. O(log n) where
    /// modules do not overlap.
    const snapshot::Module* find(uint64_t address, uint32_t generation) const;

    /// As last seen: of overlapping ones the newest. By start address.
    std::vector<snapshot::Module> latest() const;

private:
    struct Entry {
        snapshot::Module module;
        uint32_t generation = 0;
        uint64_t highest_end = 0;  ///< of this entry and all before it
    };

    void note_ends();

    std::vector<Entry> entries_;  ///< by start address
};

}  // namespace reader
