// SPDX-License-Identifier: Apache-2.0
//
// The functions and objects of a module's symbol tables (its own or its debug file's), by address.
// Built in O(n log n) once, asked in O(log n).
#pragma once

#include <elfutils/libdwfl.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace symbolize {

struct Symbol {
    uint64_t start = 0;
    uint64_t end = 0;
    const char* name = nullptr;  ///< lives as long as the module
    int binding = 0;
    bool sized = true;  ///< false: `end` is a guess
};

class SymbolTable {
public:
    explicit SymbolTable(Dwfl_Module* module);

    /// The symbol that covers `address`; null: none does. Of several at one place the one that reads best,
    /// first of all one that has `wanted` in it.
    const Symbol* function_at(uint64_t address, std::string_view wanted = {}) const;
    const Symbol* object_at(uint64_t address) const;

private:
    std::vector<Symbol> functions_;
    std::vector<Symbol> objects_;
};

}  // namespace symbolize
