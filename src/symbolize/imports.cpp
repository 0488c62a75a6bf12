// SPDX-License-Identifier: Apache-2.0
#include "symbolize/imports.h"

#include <gelf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace symbolize {

namespace {

constexpr size_t kDirectCall = 5;    // e8 distance
constexpr size_t kIndirectCall = 6;  // ff 15 distance
constexpr size_t kJump = 6;          // ff 25 distance

/// Where an instruction that ends at `end` points to: its last four bytes are the distance.
uint64_t pointed_to(const unsigned char* last_four, uint64_t end) {
    int32_t distance;
    std::memcpy(&distance, last_four, sizeof(distance));
    return end + static_cast<uint64_t>(int64_t{distance});
}

/// Names by the slots that the loader fills in.
void add_names(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, std::unordered_map<uint64_t, const char*>& names) {
    Elf_Scn* const symbols = elf_getscn(elf, header.sh_link);
    Elf_Data* const entries = elf_getdata(section, nullptr);
    Elf_Data* const table = symbols ? elf_getdata(symbols, nullptr) : nullptr;
    GElf_Shdr symbols_header;
    if (!entries || !table || header.sh_entsize == 0 || !gelf_getshdr(symbols, &symbols_header)) return;
    for (size_t index = 0; index < header.sh_size / header.sh_entsize; ++index) {
        GElf_Rela entry;
        GElf_Sym symbol;
        if (!gelf_getrela(entries, static_cast<int>(index), &entry)) return;
        const auto type = GELF_R_TYPE(entry.r_info);
        if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
        if (!gelf_getsym(table, static_cast<int>(GELF_R_SYM(entry.r_info)), &symbol)) continue;
        const char* const name = elf_strptr(elf, symbols_header.sh_link, symbol.st_name);
        if (name && *name != '\0') names.emplace(entry.r_offset, name);
    }
}

}  // namespace

Imports::Imports(Dwfl_Module* module) {
    elf_ = dwfl_module_getelf(module, &bias_);
    if (!elf_) return;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) && header.sh_type == SHT_RELA) add_names(elf_, section, header, names_);
    }
}

std::string Imports::called_before(uint64_t address) const {
    address -= bias_;
    std::array<unsigned char, kIndirectCall> code;
    if (names_.empty() || !read_code(address - code.size(), code.data(), code.size())) return {};
    const uint64_t target = pointed_to(code.data() + 2, address);
    if (code[0] == 0xff && code[1] == 0x15) return name_at(target);
    if (code[kIndirectCall - kDirectCall] != 0xe8) return {};
    const std::optional<uint64_t> slot = slot_of_entry(target);
    return slot ? name_at(*slot) : std::string();
}

bool Imports::read_code(uint64_t address, unsigned char* bytes, size_t count) const {
    size_t headers = 0;
    if (elf_getphdrnum(elf_, &headers) != 0) return false;
    for (size_t index = 0; index < headers; ++index) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf_, static_cast<int>(index), &header) || header.p_type != PT_LOAD) continue;
        if (address < header.p_vaddr || address - header.p_vaddr > header.p_filesz) continue;
        const uint64_t within = address - header.p_vaddr;
        if (header.p_filesz - within < count) continue;
        Elf_Data* const data =
            elf_getdata_rawchunk(elf_, static_cast<int64_t>(header.p_offset + within), count, ELF_T_BYTE);
        if (!data || data->d_size != count) return false;
        std::memcpy(bytes, data->d_buf, count);
        return true;
    }
    return false;
}

/// An entry of the linkage table: a jump through a slot, maybe after a landing mark.
std::optional<uint64_t> Imports::slot_of_entry(uint64_t address) const {
    constexpr std::array<unsigned char, 4> kLandingMark = {0xf3, 0x0f, 0x1e, 0xfa};
    std::array<unsigned char, kLandingMark.size() + 1 + kJump> code;
    if (!read_code(address, code.data(), code.size())) return std::nullopt;
    size_t at = std::equal(kLandingMark.begin(), kLandingMark.end(), code.begin()) ? kLandingMark.size() : 0;
    if (code[at] == 0xf2) ++at;
    if (code[at] != 0xff || code[at + 1] != 0x25) return std::nullopt;
    return pointed_to(code.data() + at + 2, address + at + kJump);
}

std::string Imports::name_at(uint64_t slot) const {
    const auto found = names_.find(slot);
    return found == names_.end() ? std::string() : found->second;
}

}  // namespace symbolize
