// SPDX-License-Identifier: Apache-2.0
#include "preload/process/clock.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

namespace preload {

namespace detail {
constinit ReadClock read_clock = clock_gettime;
constinit std::atomic<bool> counter_is_barred{false};
}  // namespace detail

namespace {

/// The object that the kernel maps into every process, as far as a symbol needs it.
struct KernelObject {
    uintptr_t bias;
    const Elf64_Sym* symbols;
    const char* names;
    const Elf64_Word* hashes;  ///< SysV table: its second word counts the symbols
};

bool read_dynamic(const Elf64_Ehdr* header, KernelObject& object) {
    const auto start = reinterpret_cast<uintptr_t>(header);
    const auto* const segments = reinterpret_cast<const Elf64_Phdr*>(start + header->e_phoff);
    const Elf64_Dyn* dynamic = nullptr;
    bool has_bias = false;
    for (int i = 0; i < header->e_phnum; ++i) {
        if (segments[i].p_type == PT_DYNAMIC) {
            dynamic = reinterpret_cast<const Elf64_Dyn*>(start + segments[i].p_offset);
        } else if (segments[i].p_type == PT_LOAD && !has_bias) {
            object.bias = start + segments[i].p_offset - segments[i].p_vaddr;
            has_bias = true;
        }
    }
    if (dynamic == nullptr || !has_bias) return false;
    for (; dynamic->d_tag != DT_NULL; ++dynamic) {
        const uintptr_t address = object.bias + dynamic->d_un.d_ptr;
        if (dynamic->d_tag == DT_SYMTAB) object.symbols = reinterpret_cast<const Elf64_Sym*>(address);
        if (dynamic->d_tag == DT_STRTAB) object.names = reinterpret_cast<const char*>(address);
        if (dynamic->d_tag == DT_HASH) object.hashes = reinterpret_cast<const Elf64_Word*>(address);
    }
    return object.symbols != nullptr && object.names != nullptr && object.hashes != nullptr;
}

}  // namespace

void find_clock() {
    const auto* const header = reinterpret_cast<const Elf64_Ehdr*>(getauxval(AT_SYSINFO_EHDR));
    KernelObject object{};
    if (header == nullptr || !read_dynamic(header, object)) return;
    for (Elf64_Word i = 0; i < object.hashes[1]; ++i) {
        const Elf64_Sym& symbol = object.symbols[i];
        if (symbol.st_shndx == SHN_UNDEF || strcmp(object.names + symbol.st_name, "__vdso_clock_gettime") != 0)
            continue;
        detail::read_clock = reinterpret_cast<detail::ReadClock>(object.bias + symbol.st_value);
        return;
    }
}

}  // namespace preload
