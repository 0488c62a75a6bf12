// SPDX-License-Identifier: Apache-2.0
#include "unwind/exports.h"

#include <string>

#include "unwind/symbol_hash.h"

namespace unwind {

namespace {

constexpr size_t kMaxDynamicEntries = 4096;

SymbolTables tables_of(Memory& memory, const Module& module) {
    SymbolTables tables;
    for (size_t i = 0; module.dynamic != 0 && i < kMaxDynamicEntries; ++i) {
        const auto entry = memory.value<Elf64_Dyn>(module.dynamic + i * sizeof(Elf64_Dyn));
        if (!entry || entry->d_tag == DT_NULL) break;
        // glibc's loader has made them addresses, others leave them as they were linked.
        const uint64_t value = entry->d_un.d_ptr;
        const uint64_t address = value < module.start ? value + module.bias : value;
        tables.take(entry->d_tag, address);
    }
    return tables;
}

bool is_named(Memory& memory, uint64_t address, std::string_view name) {
    std::string found(name.size() + 1, '\1');
    return memory.read(address, found.data(), found.size()) && found.back() == '\0' && found.starts_with(name);
}

std::vector<uint64_t> exported(Memory& memory, const Module& module, std::string_view name, unsigned type) {
    std::vector<uint64_t> places;
    const SymbolTables tables = tables_of(memory, module);
    visit_symbols(memory, tables, name, [&](const Elf64_Sym& symbol) {
        if (ELF64_ST_TYPE(symbol.st_info) == type && is_named(memory, tables.names + symbol.st_name, name)) {
            places.push_back(module.bias + symbol.st_value);
        }
        return true;
    });
    return places;
}

}  // namespace

std::vector<uint64_t> exported_functions(Memory& memory, const Module& module, std::string_view name) {
    return exported(memory, module, name, STT_FUNC);
}

std::vector<uint64_t> exported_objects(Memory& memory, const Module& module, std::string_view name) {
    return exported(memory, module, name, STT_OBJECT);
}

}  // namespace unwind
