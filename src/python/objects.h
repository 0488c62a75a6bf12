// SPDX-License-Identifier: Apache-2.0
//
// Python's own objects out of a process' memory. Each is checked to be of its type before it is
// believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "python/memory.h"
#include "python/offsets.h"

namespace python {

/// Where the interpreter keeps the types themselves.
struct Types {
    uint64_t code = 0;
    uint64_t text = 0;
    uint64_t bytes = 0;
};

struct Code {
    std::string name;  ///< qualified: "Worker.run", UTF-8
    std::string file;
    int first_line = 0;
    std::string line_table;
    uint64_t instructions = 0;  ///< where the first one is
    uint64_t size = 0;          ///< of them all, in bytes
};

class Objects {
public:
    /// All outlive it.
    Objects(const Memory& memory, const Offsets& offsets, const Types& types)
        : memory_(memory), offsets_(offsets), types_(types) {}

    bool is_code(uint64_t address) const { return is_of(address, types_.code); }
    std::optional<Code> code(uint64_t address) const;

private:
    bool is_of(uint64_t address, uint64_t type) const;
    std::optional<std::string> text(uint64_t address) const;
    std::optional<std::string> bytes(uint64_t address) const;

    const Memory& memory_;
    const Offsets& offsets_;
    const Types& types_;
};

}  // namespace python
