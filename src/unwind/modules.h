// SPDX-License-Identifier: Apache-2.0
//
// The ELF objects of a live process, by what of them is mapped: no file is opened, so that deleted
// and replaced files, other mount namespaces and the kernel's own object need no care.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "unwind/memory.h"

namespace unwind {

/// The sorted table of .eh_frame_hdr: pairs of 32-bit offsets from `base`, function and description.
struct UnwindTable {
    uint64_t base = 0;  ///< of .eh_frame_hdr; 0: there is no such table
    uint64_t entries = 0;
    uint64_t count = 0;
};

struct Module {
    uint64_t start = 0;
    uint64_t end = 0;
    uint64_t bias = 0;
    std::string path;
    std::string build_id;  ///< lower-case hex; empty: none
    UnwindTable table;
    uint64_t dynamic = 0;  ///< address of the loader's table; 0: none
};

class Modules {
public:
    explicit Modules(Memory& memory);

    /// Null: code of no known object.
    const Module* find(uint64_t address) const;
    const std::vector<Module>& all() const { return modules_; }

private:
    const Memory& memory_;
    std::vector<Module> modules_;  ///< by start
};

}  // namespace unwind
