// SPDX-License-Identifier: Apache-2.0
#include "python/exports.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace python {

namespace {

constexpr uint64_t kFilePageBytes = 4096;
constexpr size_t kMaxHeaders = 64;
constexpr size_t kMaxEntries = 128;  // of the dynamic section

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
        if (segment.p_type == PT_LOAD && segment.p_offset < kFilePageBytes && !has_start) {
            exports.bias_ = base - (segment.p_vaddr & ~(kFilePageBytes - 1));
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
        exports.tables_.take(entry.d_tag, address);
    }
    if (!exports.tables_.are_complete()) return std::nullopt;
    return exports;
}

std::optional<uint64_t> Exports::find(const Memory& memory, std::string_view name) const {
    std::optional<uint64_t> address;
    unwind::visit_symbols(memory, tables_, name, [&](const Elf64_Sym& symbol) {
        const bool is_it = memory.text(tables_.names + symbol.st_name, name.size() + 1) == name;
        if (is_it) address = bias_ + symbol.st_value;
        return !is_it;
    });
    return address;
}

}  // namespace python
