// SPDX-License-Identifier: Apache-2.0
//
// The recording's module table. Runs in wrappers and signal handlers when an address is new: no
// lock (`_dl_find_object` takes none), no heap, errno untouched, little stack. Whatever it reads of
// a module's memory is checked first. A module entered twice by a race does no harm.
#include "preload/stacks/modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/stacks/rule_cache.h"
#include "preload/stacks/safe_read.h"

// Not there before glibc 2.35, or without a dynamic loader.
#pragma weak _dl_find_object
#pragma weak _r_debug

namespace preload {

namespace {

using protocol::ModuleRecord;

constexpr uintptr_t kPage = 4096;
constexpr uint32_t kMaxBuildIdBytes = sizeof(ModuleRecord::build_id);

struct BuildId {
    uint32_t size = 0;
    uint8_t bytes[kMaxBuildIdBytes] = {};
};

/// A module as the loader knows it now.
struct LoadedModule {
    uintptr_t start;
    uintptr_t end;
    const link_map* map;
    uintptr_t headers;  ///< its program headers in memory; 0: not found
    uint32_t header_count;
    BuildId build_id;
};

/// The modules met last in this epoch: epoch << 16 | index in the table + 1.
constexpr uint32_t kKnownCount = 16;
constexpr uint64_t kIndexMask = 0xffff;
constinit std::atomic<uint64_t> known_modules[kKnownCount] = {};
constinit std::atomic<uint32_t> next_known{0};

bool covers(const ModuleRecord& record, uintptr_t address) {
    return address >= record.start && address < record.end;
}

/// Null while another thread still fills it. Acquire pairs with the release when it was filled.
const ModuleRecord* filled_record(uint32_t index) {
    const ModuleRecord* const record = module_slot(index);
    return record != nullptr && record->ready.load(std::memory_order_acquire) != 0 ? record : nullptr;
}

bool is_known(uintptr_t address, uint64_t epoch) {
    for (const std::atomic<uint64_t>& word : known_modules) {
        const uint64_t known = word.load(std::memory_order_relaxed);
        if (known == 0 || known >> 16 != (epoch & UINT64_MAX >> 16)) continue;
        const ModuleRecord* const record = filled_record((known & kIndexMask) - 1);
        if (record != nullptr && covers(*record, address)) return true;
    }
    return false;
}

void remember(uint32_t index, uint64_t epoch) {
    if (index >= kIndexMask || is_unloading()) return;
    const uint32_t place = next_known.fetch_add(1, std::memory_order_relaxed) % kKnownCount;
    known_modules[place].store(epoch << 16 | (index + 1), std::memory_order_relaxed);
}

bool lies_within(const LoadedModule& module, uintptr_t address, uint64_t bytes) {
    return address >= module.start && address < module.end && bytes <= module.end - address;
}

uint64_t aligned(uint64_t bytes, uint64_t alignment) {
    return (bytes + alignment - 1) & ~(alignment - 1);
}

/// Looks for the build-id among the notes of one segment.
bool read_notes(SafeReader& memory, uintptr_t at, const Elf64_Phdr& segment, BuildId& build_id) {
    const uint64_t alignment = segment.p_align == 8 ? 8 : 4;
    const uintptr_t end = at + segment.p_memsz;
    Elf64_Nhdr note;
    while (end - at >= sizeof(note) && memory.copy(at, &note, sizeof(note))) {
        const uint64_t contents = sizeof(note) + aligned(note.n_namesz, alignment);
        const uint64_t whole = aligned(contents + note.n_descsz, alignment);
        if (contents + note.n_descsz > end - at) return false;
        char name[4] = {};
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(name) && note.n_descsz <= kMaxBuildIdBytes &&
            memory.copy(at + sizeof(note), name, sizeof(name)) && memcmp(name, ELF_NOTE_GNU, sizeof(name)) == 0 &&
            memory.copy(at + contents, build_id.bytes, note.n_descsz)) {
            build_id.size = note.n_descsz;
            return true;
        }
        if (whole >= end - at) return false;
        at += whole;
    }
    return false;
}

bool is_main_program(const link_map* map) {
    return &_r_debug != nullptr && map == _r_debug.r_map;
}

/// Libraries show their headers at their first address, where the ELF header is mapped.
void find_headers(LoadedModule& module) {
    SafeReader memory;
    Elf64_Ehdr header;
    if (!lies_within(module, module.start, sizeof(header)) || !memory.copy(module.start, &header, sizeof(header)) ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(Elf64_Phdr) ||
        !lies_within(module, module.start + header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr))) {
        return;
    }
    module.headers = module.start + header.e_phoff;
    module.header_count = header.e_phnum;
}

/// The kernel maps the main program, maybe with gaps between its segments; then the loader knows
/// them one by one, and the module's range is to be found in its headers.
void find_main_program(LoadedModule& module) {
    const int error = errno;  // of getauxval
    module.headers = getauxval(AT_PHDR);
    module.header_count = module.headers == 0 ? 0 : static_cast<uint32_t>(getauxval(AT_PHNUM));
    errno = error;
    SafeReader memory;
    for (uint32_t i = 0; i < module.header_count; ++i) {
        Elf64_Phdr segment;
        if (!memory.copy(module.headers + i * sizeof(segment), &segment, sizeof(segment))) return;
        if (segment.p_type != PT_LOAD) continue;
        const uintptr_t at = module.map->l_addr + segment.p_vaddr;
        if (at < module.start) module.start = at & ~(kPage - 1);
        if (at + segment.p_memsz > module.end) module.end = at + segment.p_memsz;
    }
}

/// Leaves the build-id empty where there is none.
void read_build_id(LoadedModule& module) {
    SafeReader memory;
    for (uint32_t i = 0; i < module.header_count; ++i) {
        Elf64_Phdr segment;
        if (!memory.copy(module.headers + i * sizeof(segment), &segment, sizeof(segment))) return;
        const uintptr_t notes = module.map->l_addr + segment.p_vaddr;
        if (segment.p_type == PT_NOTE && lies_within(module, notes, segment.p_memsz) &&
            read_notes(memory, notes, segment, module.build_id)) {
            return;
        }
    }
}

/// The loader has no name for the main program, and none with a file behind it for the kernel's page.
const char* name_of(const link_map* map) {
    const bool has_name = map->l_name != nullptr && *map->l_name != '\0';
    if (has_name) return strcmp(map->l_name, "linux-vdso.so.1") == 0 ? "[vdso]" : map->l_name;
    return is_main_program(map) ? process->exe : "[vdso]";
}

void write_path(const link_map* map, char (&path)[protocol::kModulePathBytes]) {
    const char* const name = name_of(map);
    size_t used = 0;
    // A library opened by a relative name is of use to readers elsewhere with its folder only.
    const bool is_relative = name[0] != '/' && name[0] != '[' && name[0] != '\0';
    if (is_relative && raw_syscall(SYS_getcwd, as_argument(path), sizeof(path)) > 0 && path[0] == '/') {
        used = strlen(path);
        if (used > 1 && used < sizeof(path) - 1) path[used++] = '/';
    }
    const size_t length = strnlen(name, sizeof(path) - 1 - used);
    memcpy(path + used, name, length);
    path[used + length] = '\0';
}

bool ends_with(const char* text, const char* end) {
    const size_t text_length = strlen(text);
    const size_t end_length = strlen(end);
    return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

bool is_same(const ModuleRecord& record, const LoadedModule& module) {
    if (record.start != module.start || record.end != module.end || record.bias != module.map->l_addr ||
        record.build_id_size != module.build_id.size) {
        return false;
    }
    if (record.build_id_size != 0) return memcmp(record.build_id, module.build_id.bytes, record.build_id_size) == 0;
    return ends_with(record.path, name_of(module.map));
}

/// What the table says of `address`. Returns false when it has to be told of the module. Where a
/// reader would take another module for this one, generations are told apart first.
bool is_entered(const LoadedModule& module, uintptr_t address, uint64_t epoch) {
    const ModuleRecord* latest = nullptr;
    uint32_t latest_index = 0;
    uint32_t now = process->generation.load(std::memory_order_acquire);
    bool is_ambiguous = false;
    const uint32_t count = module_count();
    for (uint32_t i = 0; i < count; ++i) {
        const ModuleRecord* const record = filled_record(i);
        if (record == nullptr || record->start >= module.end || record->end <= module.start) continue;
        if (record->generation == now && !is_same(*record, module)) is_ambiguous = true;
        if (!covers(*record, address) || (latest != nullptr && latest->generation > record->generation)) continue;
        latest = record;
        latest_index = i;
    }
    if (latest != nullptr && is_same(*latest, module)) {
        remember(latest_index, epoch);
        return true;
    }
    if (is_ambiguous) process->generation.compare_exchange_strong(now, now + 1, std::memory_order_acq_rel);
    return false;
}

void enter(const LoadedModule& module, uint64_t epoch) {
    const uint64_t offset = take(protocol::kModules, sizeof(ModuleRecord));
    if (offset == UINT64_MAX) return;
    auto* const record = static_cast<ModuleRecord*>(region_address(protocol::kModules, offset));
    record->generation = process->generation.load(std::memory_order_acquire);
    record->bias = module.map->l_addr;
    record->start = module.start;
    record->end = module.end;
    record->build_id_size = module.build_id.size;
    memcpy(record->build_id, module.build_id.bytes, sizeof(record->build_id));
    write_path(module.map, record->path);
    record->ready.store(1, std::memory_order_release);
    remember(static_cast<uint32_t>(offset / sizeof(ModuleRecord)), epoch);
}

}  // namespace

void note_module_of(uintptr_t address) {
    if (process == nullptr || _dl_find_object == nullptr) return;
    const uint64_t epoch = code_epoch();
    if (is_known(address, epoch)) return;
    dl_find_object found;
    if (_dl_find_object(reinterpret_cast<void*>(address), &found) != 0) return;
    LoadedModule module{reinterpret_cast<uintptr_t>(found.dlfo_map_start),
                        reinterpret_cast<uintptr_t>(found.dlfo_map_end),
                        found.dlfo_link_map,
                        0,
                        0,
                        {}};
    if (is_main_program(module.map)) {
        find_main_program(module);
    } else {
        find_headers(module);
    }
    read_build_id(module);
    if (!is_entered(module, address, epoch)) enter(module, epoch);
}

void note_loaded_modules() {
    if (&_r_debug == nullptr) return;
    for (const link_map* map = _r_debug.r_map; map != nullptr; map = map->l_next) {
        note_module_of(reinterpret_cast<uintptr_t>(map->l_ld));
    }
}

}  // namespace preload
