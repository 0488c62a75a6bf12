// SPDX-License-Identifier: Apache-2.0
#include "python/exports.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace python {

namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr size_t kMaxHeaders = 64;
constexpr size_t kMaxEntries = 128;  // of the dynamic section
constexpr uint32_t kMaxBuckets = 1U << 22;
constexpr uint32_t kMaxChain = 1U << 12;

uint32_t hash_of(std::string_view name) {
    uint32_t hash = 5381;
    for (const char c : name) hash = hash * 33 + static_cast<unsigned char>(c);
    return hash;
}

/// In front of the tables of DT_GNU_HASH.
struct HashHead {
    uint32_t buckets;
    uint32_t first_symbol;
    uint32_t filter_words;
    uint32_t filter_shift;
};

/// Empty: they cannot be read.
template <typename Value>
std::vector<Value> values(const Memory& memory, uint64_t address, size_t count) {
    std::vector<Value> copied(count);
    if (!memory.read(address, copied.data(), count * sizeof(Value))) copied.clear();
    return copied;
}

}  // namespace

std::optional<Exports> Exports::of(const Memory& memory, uint64_t base) {
    const auto head = memory.value<Elf64_Ehdr>(base);
    if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64 ||
        head->e_phentsize != sizeof(Elf64_Phdr)) {
        return std::nullopt;
    }
    Exports exports;
    std::optional<Elf64_Phdr> dynamic;
    bool has_start = false;
    const size_t headers = std::min<size_t>(head->e_phnum, kMaxHeaders);
    for (const auto& segment : values<Elf64_Phdr>(memory, base + head->e_phoff, headers)) {
        if (segment.p_type == PT_LOAD && segment.p_offset < kPageBytes && !has_start) {
            exports.bias_ = base - (segment.p_vaddr & ~(kPageBytes - 1));
            has_start = true;
        }
        if (segment.p_type == PT_DYNAMIC) dynamic = segment;
    }
    if (!dynamic || !has_start) return std::nullopt;
    const size_t entries = std::min<size_t>(dynamic->p_memsz / sizeof(Elf64_Dyn), kMaxEntries);
    for (const auto& entry : values<Elf64_Dyn>(memory, exports.bias_ + dynamic->p_vaddr, entries)) {
        if (entry.d_tag == DT_NULL) break;
        // The loader turns what the file says into addresses, but not where the section is read-only.
        const uint64_t address = entry.d_un.d_ptr >= base ? entry.d_un.d_ptr : entry.d_un.d_ptr + exports.bias_;
        if (entry.d_tag == DT_SYMTAB) exports.symbols_ = address;
        if (entry.d_tag == DT_STRTAB) exports.names_ = address;
        if (entry.d_tag == DT_GNU_HASH) exports.hash_ = address;
    }
    if (exports.symbols_ == 0 || exports.names_ == 0 || exports.hash_ == 0) return std::nullopt;
    return exports;
}

/// Buckets of chains; a chain's last entry has the lowest bit set.
std::optional<uint64_t> Exports::find(const Memory& memory, std::string_view name) const {
    const auto head = memory.value<HashHead>(hash_);
    if (!head || head->buckets == 0 || head->buckets > kMaxBuckets || head->filter_words > kMaxBuckets) {
        return std::nullopt;
    }
    const uint32_t wanted = hash_of(name);
    const uint64_t buckets = hash_ + sizeof(HashHead) + uint64_t{head->filter_words} * sizeof(uint64_t);
    const uint64_t chains = buckets + uint64_t{head->buckets} * sizeof(uint32_t);
    const auto first = memory.value<uint32_t>(buckets + uint64_t{wanted % head->buckets} * sizeof(uint32_t));
    if (!first || *first < head->first_symbol) return std::nullopt;
    for (uint64_t index = *first; index < uint64_t{*first} + kMaxChain; ++index) {
        const auto hash = memory.value<uint32_t>(chains + (index - head->first_symbol) * sizeof(uint32_t));
        if (!hash) return std::nullopt;
        if ((*hash | 1) == (wanted | 1)) {
            const auto symbol = memory.value<Elf64_Sym>(symbols_ + index * sizeof(Elf64_Sym));
            if (symbol && symbol->st_shndx != SHN_UNDEF &&
                memory.text(names_ + symbol->st_name, name.size() + 1) == name) {
                return bias_ + symbol->st_value;
            }
        }
        if ((*hash & 1) != 0) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace python
