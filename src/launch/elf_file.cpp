// SPDX-License-Identifier: Apache-2.0
#include "launch/elf_file.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace launch {
namespace {

constexpr size_t kMaxSegments = 256;
constexpr size_t kMaxSections = 512;
constexpr size_t kMaxPath = 4096;
constexpr size_t kMaxDynamicBytes = 64 * 1024;
constexpr size_t kMaxLibraries = 256;

template <typename Value>
std::optional<Value> value_at(const std::string& bytes, size_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(Value)) return std::nullopt;
    Value value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

/// Where in the file an address lies; no value: nowhere.
std::optional<uint64_t> file_offset(const std::vector<Elf64_Phdr>& segments, uint64_t address) {
    for (const Elf64_Phdr& segment : segments) {
        const bool covers =
            segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz;
        if (covers) return segment.p_offset + (address - segment.p_vaddr);
    }
    return std::nullopt;
}

std::string string_at(const FileDescriptor& file, uint64_t offset, size_t most) {
    return read_at(file, offset, std::min(most, kMaxPath)).c_str();
}

}  // namespace

std::string read_at(const FileDescriptor& file, uint64_t offset, size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = pread(file.get(), bytes.data(), size, static_cast<off_t>(offset));
    bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return bytes;
}

std::optional<std::vector<Elf64_Phdr>> segments_of(const FileDescriptor& file, const Elf64_Ehdr& header) {
    std::vector<Elf64_Phdr> segments;
    const size_t count = std::min<size_t>(header.e_phnum, kMaxSegments);
    const std::string bytes = read_at(file, header.e_phoff, count * sizeof(Elf64_Phdr));
    for (size_t i = 0; i < count; ++i) {
        const auto segment = value_at<Elf64_Phdr>(bytes, i * sizeof(Elf64_Phdr));
        if (!segment) return std::nullopt;
        segments.push_back(*segment);
    }
    return segments;
}

std::string loader_of(const FileDescriptor& file, const std::vector<Elf64_Phdr>& segments) {
    const auto found = std::find_if(segments.begin(), segments.end(),
                                    [](const Elf64_Phdr& segment) { return segment.p_type == PT_INTERP; });
    return found == segments.end() ? "" : string_at(file, found->p_offset, found->p_filesz);
}

std::vector<std::string> needed_libraries(const FileDescriptor& file, const std::vector<Elf64_Phdr>& segments) {
    const auto dynamic = std::find_if(segments.begin(), segments.end(),
                                      [](const Elf64_Phdr& segment) { return segment.p_type == PT_DYNAMIC; });
    if (dynamic == segments.end()) return {};
    const std::string bytes = read_at(file, dynamic->p_offset, std::min<size_t>(dynamic->p_filesz, kMaxDynamicBytes));
    std::vector<uint64_t> names;
    std::optional<uint64_t> strings;
    for (size_t offset = 0; const auto entry = value_at<Elf64_Dyn>(bytes, offset); offset += sizeof(Elf64_Dyn)) {
        if (entry->d_tag == DT_NULL) break;
        if (entry->d_tag == DT_NEEDED && names.size() < kMaxLibraries) names.push_back(entry->d_un.d_val);
        if (entry->d_tag == DT_STRTAB) strings = file_offset(segments, entry->d_un.d_ptr);
    }
    std::vector<std::string> libraries;
    if (!strings) return libraries;
    for (const uint64_t name : names) libraries.push_back(string_at(file, *strings + name, kMaxPath));
    return libraries;
}

bool is_built_by_go(const FileDescriptor& file, const Elf64_Ehdr& header) {
    const size_t count = std::min<size_t>(header.e_shnum, kMaxSections);
    const std::string table = read_at(file, header.e_shoff, count * sizeof(Elf64_Shdr));
    const auto names = value_at<Elf64_Shdr>(table, size_t{header.e_shstrndx} * sizeof(Elf64_Shdr));
    for (size_t i = 0; names && i < count; ++i) {
        const auto section = value_at<Elf64_Shdr>(table, i * sizeof(Elf64_Shdr));
        if (!section) break;
        const std::string name = string_at(file, names->sh_offset + section->sh_name, 64);
        if (name == ".go.buildinfo" || name == ".note.go.buildid") return true;
    }
    return false;
}

}  // namespace launch
