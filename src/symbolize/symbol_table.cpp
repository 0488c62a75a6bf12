// SPDX-License-Identifier: Apache-2.0
#include "symbolize/symbol_table.h"

#include <gelf.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "symbolize/demangle.h"

namespace symbolize {

namespace {

/// How many symbols before an address are tried: one may lie within another.
constexpr int kSymbolsBack = 32;

bool starts_before(const Symbol& one, const Symbol& other) {
    return std::tie(one.start, one.end) < std::tie(other.start, other.end);
}

/// Code written in assembly may come without sizes: such a function reaches up to the next, within its section.
void close_gaps(std::vector<Symbol>& functions) {
    uint64_t next = UINT64_MAX;
    for (size_t i = functions.size(); i-- > 0;) {
        Symbol& function = functions[i];
        if (!function.sized) function.end = std::min(function.end, next);
        if (i > 0 && functions[i - 1].start < function.start) next = function.start;
    }
}

/// End of the section a symbol is in; the symbol's own start when that cannot be told.
uint64_t section_end(Elf* elf, GElf_Word index, const GElf_Sym& symbol, uint64_t address) {
    GElf_Shdr header;
    Elf_Scn* const section = elf_getscn(elf, index);
    if (!section || !gelf_getshdr(section, &header)) return address;
    const uint64_t within = symbol.st_value - header.sh_addr;
    return within < header.sh_size ? address + (header.sh_size - within) : address;
}

/// Smaller reads better.
auto reading_order(const Symbol& symbol, std::string_view wanted) {
    std::string_view name = symbol.name;
    name = name.substr(0, name.find('@'));
    const bool other = !wanted.empty() && name.find(wanted) == std::string_view::npos;
    const size_t underscores = is_mangled(name) ? 0 : std::min(name.find_first_not_of('_'), name.size());
    const int binding = symbol.binding == STB_LOCAL ? 1 : 0;
    return std::make_tuple(other, underscores, binding, name.size(), name);
}

const Symbol* covering(const std::vector<Symbol>& symbols, uint64_t address, std::string_view wanted) {
    auto at = std::upper_bound(symbols.begin(), symbols.end(), address,
                               [](uint64_t value, const Symbol& symbol) { return value < symbol.start; });
    const Symbol* best = nullptr;
    for (int tries = 0; at != symbols.begin() && tries < kSymbolsBack; ++tries) {
        const Symbol& symbol = *--at;
        if (best && symbol.start != best->start) break;
        if (address >= symbol.end) continue;
        if (!best || reading_order(symbol, wanted) < reading_order(*best, wanted)) best = &symbol;
    }
    return best;
}

}  // namespace

SymbolTable::SymbolTable(Dwfl_Module* module) {
    const int count = std::max(dwfl_module_getsymtab(module), 0);
    for (int i = 0; i < count; ++i) {
        GElf_Sym symbol;
        GElf_Addr address = 0;
        GElf_Word section = SHN_UNDEF;
        Elf* elf = nullptr;
        const char* const name = dwfl_module_getsym_info(module, i, &symbol, &address, &section, &elf, nullptr);
        if (!name || *name == '\0' || section == SHN_UNDEF || section == SHN_ABS) continue;
        const int type = GELF_ST_TYPE(symbol.st_info);
        const int binding = GELF_ST_BIND(symbol.st_info);
        const bool sized = symbol.st_size != 0;
        const uint64_t end = address + symbol.st_size;
        if (end < address) continue;
        if (type == STT_OBJECT) {
            objects_.push_back({address, std::max(end, address + 1), name, binding, sized});
        } else if (type == STT_FUNC || type == STT_GNU_IFUNC) {
            const uint64_t limit = sized ? end : section_end(elf, section, symbol, address);
            functions_.push_back({address, limit, name, binding, sized});
        }
    }
    std::sort(functions_.begin(), functions_.end(), starts_before);
    std::sort(objects_.begin(), objects_.end(), starts_before);
    close_gaps(functions_);
}

const Symbol* SymbolTable::function_at(uint64_t address, std::string_view wanted) const {
    return covering(functions_, address, wanted);
}

const Symbol* SymbolTable::object_at(uint64_t address) const {
    return covering(objects_, address, {});
}

}  // namespace symbolize
