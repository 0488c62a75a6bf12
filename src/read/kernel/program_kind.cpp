// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/program_kind.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "read/kernel/named_file.h"

namespace reader {

namespace {

constexpr size_t kMaxFileSegments = 256;
constexpr size_t kMaxFileNotes = 64 * 1024;
constexpr size_t kMaxPath = 4096;

class File {
public:
    explicit File(const std::string& path) : descriptor_(open_named_file(path)) {}
    ~File() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    /// What of it is there.
    std::string read(uint64_t offset, size_t bytes) const {
        std::string content(bytes, '\0');
        const ssize_t got = pread(descriptor_, content.data(), bytes, static_cast<off_t>(offset & INT64_MAX));
        content.resize(got < 0 ? 0 : static_cast<size_t>(got));
        return content;
    }

private:
    int descriptor_;
};

bool has_go_note(std::string_view notes) {
    Elf64_Nhdr note;
    while (notes.size() >= sizeof(note)) {
        std::memcpy(&note, notes.data(), sizeof(note));
        const auto padded = [](uint64_t bytes) { return (bytes + 3) / 4 * 4; };
        const uint64_t bytes = sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
        if (note.n_namesz >= 3 && notes.substr(sizeof(note), 3) == std::string_view("Go\0", 3)) return true;
        notes.remove_prefix(std::min<uint64_t>(bytes, notes.size()));
    }
    return false;
}

template <typename Header, typename Segment>
void look_at_segments(const File& file, ProgramKind& kind) {
    const std::string head = file.read(0, sizeof(Header));
    if (head.size() < sizeof(Header)) return;
    Header header;
    std::memcpy(&header, head.data(), sizeof(header));
    kind.machine = header.e_machine;
    kind.is_static = header.e_type == ET_EXEC || header.e_type == ET_DYN;
    const size_t count = std::min<size_t>(header.e_phnum, kMaxFileSegments);
    const std::string table = file.read(header.e_phoff, count * sizeof(Segment));
    for (size_t at = 0; at + sizeof(Segment) <= table.size(); at += sizeof(Segment)) {
        Segment segment;
        std::memcpy(&segment, table.data() + at, sizeof(segment));
        if (segment.p_type == PT_INTERP) {
            kind.is_static = false;
            kind.loader = file.read(segment.p_offset, std::min<size_t>(segment.p_filesz, kMaxPath)).c_str();
        }
        if (segment.p_type == PT_NOTE) {
            kind.is_go = kind.is_go ||
                         has_go_note(file.read(segment.p_offset, std::min<size_t>(segment.p_filesz, kMaxFileNotes)));
        }
    }
}

}  // namespace

ProgramKind program_kind(const std::string& path) {
    ProgramKind kind;
    const File file(path);
    const std::string head = file.read(0, EI_NIDENT);
    if (head.size() < EI_NIDENT || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) return kind;
    kind.is_elf = true;
    kind.is_64_bit = head[EI_CLASS] == ELFCLASS64;
    if (kind.is_64_bit) {
        look_at_segments<Elf64_Ehdr, Elf64_Phdr>(file, kind);
    } else {
        look_at_segments<Elf32_Ehdr, Elf32_Phdr>(file, kind);
    }
    return kind;
}

std::string machine_name(uint16_t machine) {
    switch (machine) {
        case EM_X86_64: return "x86-64";
        case EM_386: return "i386";
        case EM_AARCH64: return "AArch64";
        case EM_ARM: return "ARM";
        case EM_RISCV: return "RISC-V";
        case EM_PPC64: return "PowerPC64";
        case EM_S390: return "S/390";
        default: return "ELF machine " + std::to_string(machine);
    }
}

std::string unseen_of(const ProgramKind& kind) {
    if (kind.is_go) {
        return "Go program: goroutines are not threads, and neither they nor Go's own locks are seen; for those send "
               "it SIGQUIT, or use its debug/pprof";
    }
    if (kind.is_static) {
        return "statically linked: its waits for locks show as futex, without the lock and its owner, and stacks end "
               "at "
               "their first frame";
    }
    if (kind.loader.find("ld-musl") != std::string::npos) {
        return "program of musl: its waits for locks show as futex, without the lock and its owner";
    }
    return "";
}

}  // namespace reader
