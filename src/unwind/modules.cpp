// SPDX-License-Identifier: Apache-2.0
#include "unwind/modules.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace unwind {

namespace {

constexpr uint16_t kMaxSegments = 256;
constexpr uint64_t kMaxNotes = 64 * 1024;
constexpr size_t kMaxModules = 1U << 16;
// Encodings of DW_EH_PE: what every linker writes there. Others are left alone.
constexpr unsigned char kSigned4FromSelf = 0x1b;
constexpr unsigned char kUnsigned4 = 0x03;
constexpr unsigned char kSigned4FromTable = 0x3b;

/// Lower-case hex of the build-id among notes; empty: none.
std::string build_id_in(Memory& memory, uint64_t address, uint64_t bytes) {
    const uint64_t end = address + std::min(bytes, kMaxNotes);
    while (address + sizeof(Elf64_Nhdr) <= end) {
        const auto note = memory.value<Elf64_Nhdr>(address);
        if (!note || note->n_namesz > kMaxNotes || note->n_descsz > kMaxNotes) return "";
        const uint64_t name = address + sizeof(*note);
        const uint64_t content = name + (note->n_namesz + 3) / 4 * 4;
        address = content + (note->n_descsz + 3) / 4 * 4;
        const auto owner = memory.value<uint32_t>(name);
        if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 || !owner) continue;
        if (std::memcmp(&*owner, "GNU", 4) != 0 || note->n_descsz > 64) continue;
        std::string id;
        for (uint64_t i = 0; i < note->n_descsz; ++i) {
            const unsigned char byte = memory.value<unsigned char>(content + i).value_or(0);
            id += "0123456789abcdef"[byte >> 4];
            id += "0123456789abcdef"[byte & 15];
        }
        return id;
    }
    return "";
}

UnwindTable table_at(Memory& memory, uint64_t address, uint64_t bytes) {
    struct Header {
        unsigned char version;
        unsigned char pointer_encoding;
        unsigned char count_encoding;
        unsigned char table_encoding;
        int32_t pointer;
        uint32_t count;
    };
    const auto header = memory.value<Header>(address);
    const bool is_usual = header && header->version == 1 && header->pointer_encoding == kSigned4FromSelf &&
                          header->count_encoding == kUnsigned4 && header->table_encoding == kSigned4FromTable;
    if (!is_usual || bytes < sizeof(Header)) return {};
    return {address, address + sizeof(Header), std::min<uint64_t>(header->count, (bytes - sizeof(Header)) / 8)};
}

/// The object whose first bytes are mapped at the start of `region`.
std::optional<Module> module_in(Memory& memory, const Region& region) {
    const auto header = memory.value<Elf64_Ehdr>(region.start);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_machine != EM_X86_64 || header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > kMaxSegments) {
        return std::nullopt;
    }
    std::vector<Elf64_Phdr> segments(header->e_phnum);
    if (!memory.read(region.start + header->e_phoff, segments.data(), segments.size() * sizeof(Elf64_Phdr))) {
        return std::nullopt;
    }
    Module module;
    module.path = region.path;
    uint64_t first = UINT64_MAX;
    uint64_t end = 0;
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type != PT_LOAD) continue;
        first = std::min(first, segment.p_vaddr - segment.p_offset);
        end = std::max(end, segment.p_vaddr + segment.p_memsz);
    }
    if (first >= end || end > UINT64_MAX / 2) return std::nullopt;
    module.bias = region.start - first;
    module.start = region.start;
    module.end = module.bias + end;
    for (const Elf64_Phdr& segment : segments) {
        const uint64_t address = module.bias + segment.p_vaddr;
        if (segment.p_type == PT_GNU_EH_FRAME) module.table = table_at(memory, address, segment.p_memsz);
        if (segment.p_type == PT_DYNAMIC) module.dynamic = address;
        if (segment.p_type == PT_NOTE && module.build_id.empty()) {
            module.build_id = build_id_in(memory, address, segment.p_memsz);
        }
    }
    return module;
}

}  // namespace

Modules::Modules(Memory& memory) : memory_(memory) {
    for (const Region& region : memory.regions()) {
        if (!region.readable || !region.of_file || region.offset != 0 || modules_.size() == kMaxModules) continue;
        if (std::optional<Module> module = module_in(memory, region)) modules_.push_back(std::move(*module));
    }
}

const Module* Modules::find(uint64_t address) const {
    const auto next = std::upper_bound(modules_.begin(), modules_.end(), address,
                                       [](uint64_t wanted, const Module& module) { return wanted < module.start; });
    if (next == modules_.begin()) return nullptr;
    const Module& module = *std::prev(next);
    if (address >= module.end) return nullptr;
    // A file may also be mapped as data, before code of something else.
    const Region* const region = memory_.region_at(address);
    return region != nullptr && region->path == module.path ? &module : nullptr;
}

}  // namespace unwind
