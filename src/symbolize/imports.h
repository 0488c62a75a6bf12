// SPDX-License-Identifier: Apache-2.0
//
// Which function of another module a call is of. A library without names says no more of itself than what
// it exports, and an exported function that ends in a jump leaves no frame: the call tells. x86-64.
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace symbolize {

class Imports {
public:
    /// Reads the relocations; O(relocations).
    explicit Imports(Dwfl_Module* module);

    /// Symbol of the function that the call before `address` is of; empty: no such call, or of the module's own.
    std::string called_before(uint64_t address) const;

private:
    bool read_code(uint64_t address, unsigned char* bytes, size_t count) const;
    std::optional<uint64_t> slot_of_entry(uint64_t address) const;
    std::string name_at(uint64_t slot) const;

    Elf* elf_ = nullptr;
    uint64_t bias_ = 0;
    std::unordered_map<uint64_t, const char*> names_;  ///< by slot; they live as long as the module
};

}  // namespace symbolize
