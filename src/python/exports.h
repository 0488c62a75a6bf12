// SPDX-License-Identifier: Apache-2.0
//
// What a loaded ELF object exports, by its own hash table in the process' memory: the file may be
// gone, or be another one by now.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "python/memory.h"
#include "unwind/symbol_hash.h"

namespace python {

class Exports {
public:
    /// `base`: where the object's first byte is mapped. Empty: no ELF object with a GNU hash table.
    static std::optional<Exports> of(const Memory& memory, uint64_t base);

    /// Where the symbol is in the process. A few reads; bounded however damaged the table is.
    std::optional<uint64_t> find(const Memory& memory, std::string_view name) const;

private:
    uint64_t bias_ = 0;
    unwind::SymbolTables tables_;
};

}  // namespace python
