// SPDX-License-Identifier: Apache-2.0
//
// Symbols by their names out of the hash table that a loader uses: DT_GNU_HASH, which every linker has
// written since 2006. https://flapenguin.me/elf-dt-gnu-hash
#pragma once

#include <elf.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace unwind {

/// Addresses in the process; 0: there is none.
struct SymbolTables {
    uint64_t symbols = 0;
    uint64_t names = 0;
    uint64_t hashes = 0;

    /// An entry of the dynamic section, its value made an address.
    void take(Elf64_Sxword tag, uint64_t address) {
        if (tag == DT_SYMTAB) symbols = address;
        if (tag == DT_STRTAB) names = address;
        if (tag == DT_GNU_HASH) hashes = address;
    }
    bool are_complete() const { return symbols != 0 && names != 0 && hashes != 0; }
};

/// Calls `visit` with every defined symbol whose name hashes as `name` does, until it returns false. The name
/// is still to be compared. `memory` copies values from the process; a few reads, bounded however damaged
/// the table is. Buckets of chains; a chain's last entry has the lowest bit set.
template <typename Memory, typename Visit>
void visit_symbols(Memory& memory, const SymbolTables& tables, std::string_view name, Visit visit) {
    constexpr uint32_t kMaxWords = 1U << 22;
    constexpr uint32_t kMaxChain = 1U << 12;
    struct Header {
        uint32_t buckets;
        uint32_t first_symbol;
        uint32_t filter_words;
        uint32_t filter_shift;
    };
    uint32_t wanted = 5381;
    for (const char character : name) wanted = wanted * 33 + static_cast<unsigned char>(character);

    if (!tables.are_complete()) return;
    const auto header = memory.template value<Header>(tables.hashes);
    if (!header || header->buckets == 0 || header->buckets > kMaxWords || header->filter_words > kMaxWords) return;
    const uint64_t buckets = tables.hashes + sizeof(Header) + uint64_t{header->filter_words} * sizeof(uint64_t);
    const uint64_t chains = buckets + uint64_t{header->buckets} * sizeof(uint32_t);
    const auto first = memory.template value<uint32_t>(buckets + uint64_t{wanted % header->buckets} * sizeof(uint32_t));
    if (!first || *first < header->first_symbol) return;
    for (uint64_t index = *first; index < uint64_t{*first} + kMaxChain; ++index) {
        const auto hash = memory.template value<uint32_t>(chains + (index - header->first_symbol) * sizeof(uint32_t));
        if (!hash) return;
        if ((*hash | 1) == (wanted | 1)) {
            const auto symbol = memory.template value<Elf64_Sym>(tables.symbols + index * sizeof(Elf64_Sym));
            if (symbol && symbol->st_shndx != SHN_UNDEF && !visit(*symbol)) return;
        }
        if ((*hash & 1) != 0) return;
    }
}

}  // namespace unwind
