// SPDX-License-Identifier: Apache-2.0
#include "symbolize/module.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>

#include <cstring>
#include <filesystem>
#include <optional>
#include <unordered_map>
#include <utility>

#include "symbolize/debug_info.h"
#include "symbolize/demangle.h"
#include "symbolize/die_names.h"
#include "symbolize/imports.h"
#include "symbolize/member_path.h"
#include "symbolize/symbol_table.h"

namespace symbolize {

namespace {

/// Inlined calls at one address.
constexpr size_t kMaxInlined = 256;

/// Blocks and calls within each other.
constexpr int kMaxScopeDepth = 512;

/// libdwfl asks this, never its own search, which may reach for the network.
int find_debug_file(Dwfl_Module*, void** files, const char*, Dwarf_Addr, const char*, const char* debuglink,
                    GElf_Word checksum, char** path) {
    // A link without checksum: the shared file that dwz makes, which libdw finds on its own.
    if (!*files || (debuglink && checksum == 0)) return -1;
    File file = static_cast<ModuleFiles*>(*files)->open_debug_file(debuglink, checksum);
    if (file.is_open()) *path = strdup(file.path().c_str());
    return file.release();
}

int find_no_module(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) {
    return -1;
}

constexpr Dwfl_Callbacks kCallbacks = {find_no_module, find_debug_file, dwfl_offline_section_address, nullptr};

/// Outermost first: the inlined calls below `die` that `address` is in.
bool inlined_calls(Dwarf_Die die, uint64_t address, std::vector<Dwarf_Die>& calls, int depth = 0) {
    Dwarf_Die child;
    if (depth > kMaxScopeDepth || dwarf_child(&die, &child) != 0) return false;
    Dwarf_Off last = dwarf_dieoffset(&die);
    while (calls.size() < kMaxInlined && dwarf_dieoffset(&child) > last) {
        last = dwarf_dieoffset(&child);
        const int tag = dwarf_tag(&child);
        const bool is_call = tag == DW_TAG_inlined_subroutine;
        const bool is_block = tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
        // Blocks need not say where they are.
        const bool placed = is_call || dwarf_hasattr(&child, DW_AT_ranges) || dwarf_hasattr(&child, DW_AT_low_pc);
        if ((is_call || is_block) && (!placed || dwarf_haspc(&child, address) > 0)) {
            if (is_call) calls.push_back(child);
            if (inlined_calls(child, address, calls, depth + 1) || is_call) return true;
        }
        if (dwarf_siblingof(&child, &child) != 0) break;
    }
    return false;
}

/// Absolute as far as `unit` tells, without "." and "..".
std::string source_path(const char* path, Dwarf_Die unit) {
    if (!path || *path == '\0' || *path == '<' || std::strcmp(path, "???") == 0) return "";
    std::filesystem::path source(path);
    Dwarf_Attribute attribute;
    const char* const folder =
        dwarf_attr_integrate(&unit, DW_AT_comp_dir, &attribute) ? dwarf_formstring(&attribute) : nullptr;
    if (source.is_relative() && folder) source = std::filesystem::path(folder) / source;
    return source.lexically_normal().string();
}

/// Sets file and line of `place` to what the line table says.
void place_by_line_table(Dwarf_Die unit, uint64_t address, Place& place) {
    Dwarf_Line* const line = dwarf_getsrc_die(&unit, address);
    if (!line || dwarf_lineno(line, &place.line) != 0) return;
    place.file = source_path(dwarf_linesrc(line, nullptr, nullptr), unit);
}

/// Sets file and line of `place` to those of the call.
void place_by_call(Dwarf_Die call, Dwarf_Die lines, Place& place) {
    Dwarf_Attribute attribute;
    Dwarf_Word line = 0;
    Dwarf_Word number = 0;
    Dwarf_Die unit;
    Dwarf_Files* files = nullptr;
    size_t count = 0;
    if (!dwarf_attr(&call, DW_AT_call_line, &attribute) || dwarf_formudata(&attribute, &line) != 0) return;
    place.line = static_cast<int>(line);
    if (!dwarf_attr(&call, DW_AT_call_file, &attribute) || dwarf_formudata(&attribute, &number) != 0) return;
    if (!dwarf_diecu(&call, &unit, nullptr, nullptr) || dwarf_getsrcfiles(&unit, &files, &count) != 0) return;
    if (number < count) place.file = source_path(dwarf_filesrc(files, number, nullptr, nullptr), lines);
}

}  // namespace

struct Module::Contents {
    Contents(ModuleIdentity which, Debuginfod* debuginfod, const NameCache* name_cache)
        : identity(std::move(which)), files(identity, debuginfod), cache(name_cache) {}
    ~Contents() {
        if (cache && is_new && module) cache->save(identity, known, witness);
        names.reset();
        info.reset();
        if (dwfl) dwfl_end(dwfl);
    }

    void begin();
    bool open();
    void read_symbols();
    std::vector<Place> find(uint64_t address);
    std::string find_object(uint64_t address, uint64_t size);
    void find_in_debug_information(uint64_t address, std::vector<Place>& places);

    ModuleIdentity identity;
    ModuleFiles files;
    const NameCache* cache;  ///< null: none
    uint64_t witness = 0;    ///< of before the first look-up
    bool is_cached = false;  ///< the files were there when the names were looked up, and are the same now
    bool is_tried = false;   ///< to open them
    bool is_new = false;     ///< some of `known` is not in the cache
    Names known;
    Dwfl* dwfl = nullptr;
    Dwfl_Module* module = nullptr;
    std::optional<SymbolTable> symbols;  ///< these three: read when first needed
    std::optional<DebugInfo> info;
    std::optional<DieNames> names;
    std::optional<Imports> imports;  ///< read when first needed
    Dwarf_Addr bias = 0;             ///< of `info`: its addresses plus this are the module's
};

void Module::Contents::begin() {
    if (cache) witness = cache->witness(identity);
    std::optional<Names> names_kept = cache ? cache->load(identity, witness) : std::nullopt;
    is_cached = names_kept.has_value();
    if (is_cached) {
        known = std::move(*names_kept);
    } else {
        open();
    }
}

bool Module::Contents::open() {
    if (is_tried) return module != nullptr;
    is_tried = true;
    File file = files.open();
    if (!file.is_open()) return false;
    dwfl = dwfl_begin(&kCallbacks);
    if (!dwfl) return false;
    const std::string path = file.path();
    module = dwfl_report_elf(dwfl, path.c_str(), path.c_str(), file.descriptor(), 0, true);
    if (!module) return false;
    file.release();
    dwfl_report_end(dwfl, nullptr, nullptr);
    void** context = nullptr;
    dwfl_module_info(module, &context, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (context) *context = &files;
    return true;
}

void Module::Contents::read_symbols() {
    if (symbols) return;
    Dwarf* const dwarf = dwfl_module_getdwarf(module, &bias);
    symbols.emplace(module);
    if (!dwarf) return;
    info.emplace(dwarf);
    names.emplace(*info, *symbols, bias);
}

void Module::Contents::find_in_debug_information(uint64_t address, std::vector<Place>& places) {
    const uint64_t inside = address - bias;
    const std::optional<Unit> unit = info->unit_at(inside);
    if (!unit) return;
    places.resize(1);
    place_by_line_table(unit->lines, inside, places.back());
    const Dwarf_Die* const function = info->index_of(unit->entries).function_at(inside);
    if (!function) return;
    std::vector<Dwarf_Die> calls;
    inlined_calls(*function, inside, calls);
    for (; !calls.empty(); calls.pop_back()) {
        places.back().function = names->function(calls.back());
        places.back().inlined = true;
        places.emplace_back();
        place_by_call(calls.back(), unit->lines, places.back());
    }
    places.back().function = names->function(*function);
}

std::vector<Place> Module::Contents::find(uint64_t address) {
    read_symbols();
    std::vector<Place> places;
    if (info) find_in_debug_information(address, places);
    if (places.empty() || places.back().function.empty()) {
        const Symbol* const symbol = symbols->function_at(address);
        if (symbol && places.empty()) places.emplace_back();
        if (symbol) places.back().function = demangled(symbol->name);
    }
    return places;
}

std::string Module::Contents::find_object(uint64_t address, uint64_t size) {
    read_symbols();
    const Symbol* const symbol = symbols->object_at(address);
    if (!symbol) return "";
    const uint64_t offset = address - symbol->start;
    std::string name = demangled(symbol->name);
    if (offset == 0 && symbol->end - symbol->start <= size) return name;
    std::optional<Dwarf_Die> variable;
    if (info) variable = info->variable_at(symbol->start - bias);
    return name + (variable ? member_path(*variable, offset, *names) : offset_text(offset));
}

Module::Module(ModuleIdentity identity, Debuginfod* debuginfod, const NameCache* cache)
    : contents_(std::make_unique<Contents>(std::move(identity), debuginfod, cache)) {
    contents_->begin();
}

Module::~Module() = default;

bool Module::is_open() const {
    return contents_->is_cached || contents_->module != nullptr;
}

const std::vector<Place>& Module::places(uint64_t address) {
    const auto [at, is_new] = contents_->known.places.try_emplace(address);
    if (is_new && contents_->open()) {
        at->second = contents_->find(address);
        contents_->is_new = true;
    }
    return at->second;
}

std::string Module::called_before(uint64_t return_address) {
    if (!contents_->open()) return "";
    if (!contents_->imports) contents_->imports.emplace(contents_->module);
    const std::string symbol = contents_->imports->called_before(return_address);
    return symbol.empty() ? symbol : demangled(symbol.c_str());
}

std::string Module::object(uint64_t address, uint64_t size) {
    const auto [at, is_new] = contents_->known.objects.try_emplace({address, size});
    if (is_new && contents_->open()) {
        at->second = contents_->find_object(address, size);
        contents_->is_new = true;
    }
    return at->second;
}

}  // namespace symbolize
