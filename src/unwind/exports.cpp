// SPDX-License-Identifier: Apache-2.0
//
// DT_GNU_HASH, which every linker has written since 2006: https://flapenguin.me/elf-dt-gnu-hash
#include "unwind/exports.h"

#include <elf.h>

#include <optional>
#include <string>

namespace unwind {

namespace {

constexpr size_t kMaxDynamicEntries = 4096;
constexpr uint32_t kMaxChain = 4096;

struct DynamicTables {
    uint64_t symbols = 0;
    uint64_t names = 0;
    uint64_t hashes = 0;
};

DynamicTables tables_of(Memory& memory, const Module& module) {
    DynamicTables tables;
    for (size_t i = 0; module.dynamic != 0 && i < kMaxDynamicEntries; ++i) {
        const auto entry = memory.value<Elf64_Dyn>(module.dynamic + i * sizeof(Elf64_Dyn));
        if (!entry || entry->d_tag == DT_NULL) break;
        // glibc's loader has made them addresses, others leave them as they were linked.
        const uint64_t value = entry->d_un.d_ptr;
        const uint64_t address = value < module.start ? value + module.bias : value;
        if (entry->d_tag == DT_SYMTAB) tables.symbols = address;
        if (entry->d_tag == DT_STRTAB) tables.names = address;
        if (entry->d_tag == DT_GNU_HASH) tables.hashes = address;
    }
    return tables;
}

uint32_t hash_of(std::string_view name) {
    uint32_t hash = 5381;
    for (const char character : name) hash = hash * 33 + static_cast<unsigned char>(character);
    return hash;
}

bool is_named(Memory& memory, uint64_t address, std::string_view name) {
    std::string found(name.size() + 1, '\1');
    return memory.read(address, found.data(), found.size()) && found.back() == '\0' && found.starts_with(name);
}

}  // namespace

std::vector<uint64_t> exported_functions(Memory& memory, const Module& module, std::string_view name) {
    struct Header {
        uint32_t buckets;
        uint32_t first_symbol;
        uint32_t filter_words;
        uint32_t filter_shift;
    };
    std::vector<uint64_t> functions;
    const DynamicTables tables = tables_of(memory, module);
    const auto header = memory.value<Header>(tables.hashes);
    if (tables.symbols == 0 || tables.names == 0 || tables.hashes == 0 || !header || header->buckets == 0) return {};
    const uint32_t hash = hash_of(name);
    const uint64_t buckets = tables.hashes + sizeof(Header) + uint64_t{header->filter_words} * sizeof(uint64_t);
    const uint64_t chains = buckets + uint64_t{header->buckets} * sizeof(uint32_t);
    const auto first = memory.value<uint32_t>(buckets + uint64_t{hash % header->buckets} * sizeof(uint32_t));
    if (!first || *first < header->first_symbol) return {};
    for (uint32_t index = *first; index - *first < kMaxChain; ++index) {
        const auto other = memory.value<uint32_t>(chains + uint64_t{index - header->first_symbol} * sizeof(uint32_t));
        const auto symbol = memory.value<Elf64_Sym>(tables.symbols + uint64_t{index} * sizeof(Elf64_Sym));
        if (!other || !symbol) break;
        const bool is_function = ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_shndx != SHN_UNDEF;
        if ((*other | 1) == (hash | 1) && is_function && is_named(memory, tables.names + symbol->st_name, name)) {
            functions.push_back(module.bias + symbol->st_value);
        }
        if ((*other & 1) != 0) break;
    }
    return functions;
}

}  // namespace unwind
