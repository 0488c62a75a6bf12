// SPDX-License-Identifier: Apache-2.0
#include "read/core/core_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "read/core/core_calls.h"
#include "read/kernel/program_kind.h"
#include "read/read.h"

namespace reader {

namespace {

constexpr uint64_t kMaxSegments = uint64_t{1} << 20;
constexpr uint64_t kMaxNotes = uint64_t{256} << 20;
constexpr size_t kMaxThreads = size_t{1} << 17;
constexpr size_t kMaxMappings = size_t{1} << 20;

template <typename Value>
std::optional<Value> value_at(const std::string& bytes, uint64_t offset) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(Value)) return std::nullopt;
    Value value;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
}

double seconds_of(const elf_prstatus& status) {
    const auto seconds = [](const auto& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(status.pr_utime) + seconds(status.pr_stime);
}

uint64_t padded(uint64_t bytes) {
    return (bytes + 3) / 4 * 4;
}

}  // namespace

CoreFile::CoreFile(const std::string& path)
    : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    struct stat status = {};
    if (descriptor_ < 0) throw Error(path + " cannot be opened: " + std::strerror(errno));
    try {
        if (fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) refuse("is no regular file");
        size_ = static_cast<uint64_t>(status.st_size);
        const auto header = value_at<Elf64_Ehdr>(bytes_at(0, sizeof(Elf64_Ehdr)), 0);
        if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) refuse("is no core file");
        if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64) {
            const bool is_64_bit = header->e_ident[EI_CLASS] == ELFCLASS64;
            refuse("is a core of a " + std::string(is_64_bit ? "" : "32-bit ") + machine_name(header->e_machine) +
                   " program; loiter reads 64-bit x86-64 ones only");
        }
        if (header->e_type != ET_CORE) refuse("is no core file");
        uint64_t count = header->e_phnum;
        if (count == PN_XNUM) {
            const auto section = value_at<Elf64_Shdr>(bytes_at(header->e_shoff, sizeof(Elf64_Shdr)), 0);
            if (!section) refuse("is damaged, or cut short: its table of segments is not there");
            count = section->sh_info;
        }
        if (header->e_phentsize != sizeof(Elf64_Phdr)) refuse("is damaged: its table of segments makes no sense");
        read_segments(header->e_phoff, std::min(count, kMaxSegments));
        if (threads_.empty()) refuse("is damaged: it says nothing of threads");
    } catch (...) {
        close(descriptor_);
        throw;
    }
}

CoreFile::~CoreFile() {
    close(descriptor_);
}

void CoreFile::refuse(const std::string& why) const {
    throw Error(path_ + " " + why);
}

std::string CoreFile::bytes_at(uint64_t offset, uint64_t bytes) const {
    if (offset > size_ || bytes > size_ - offset) return "";
    std::string content(bytes, '\0');
    size_t done = 0;
    while (done < bytes) {
        const ssize_t got = pread(descriptor_, content.data() + done, bytes - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return "";
        done += static_cast<size_t>(got);
    }
    return content;
}

void CoreFile::read_segments(uint64_t offset, uint64_t count) {
    const std::string table = bytes_at(offset, count * sizeof(Elf64_Phdr));
    if (table.empty()) refuse("is damaged, or cut short: its table of segments is not there");
    std::vector<Elf64_Phdr> notes;
    uint64_t needed = 0;
    for (uint64_t i = 0; i < count; ++i) {
        const Elf64_Phdr segment = *value_at<Elf64_Phdr>(table, i * sizeof(Elf64_Phdr));
        if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE) continue;
        const bool makes_sense = segment.p_offset <= INT64_MAX && segment.p_filesz <= INT64_MAX - segment.p_offset &&
                                 segment.p_memsz <= UINT64_MAX - segment.p_vaddr &&
                                 (segment.p_type == PT_NOTE || segment.p_memsz > 0);
        if (!makes_sense && segment.p_memsz == 0 && segment.p_filesz == 0) continue;
        if (!makes_sense) refuse("is damaged: its table of segments makes no sense");
        if (segment.p_filesz > 0) needed = std::max(needed, segment.p_offset + segment.p_filesz);
        if (segment.p_type == PT_NOTE) {
            notes.push_back(segment);
        } else {
            segments_.push_back({segment.p_vaddr, segment.p_vaddr + segment.p_memsz, segment.p_offset,
                                 std::min(segment.p_filesz, segment.p_memsz), (segment.p_flags & PF_R) != 0,
                                 (segment.p_flags & PF_W) != 0, (segment.p_flags & PF_X) != 0});
        }
    }
    if (needed > size_) {
        refuse("is cut short: it has " + std::to_string(size_) + " of " + std::to_string(needed) +
               " bytes; see ulimit -c, and the room on its disk");
    }
    std::sort(segments_.begin(), segments_.end(),
              [](const CoreSegment& one, const CoreSegment& other) { return one.start < other.start; });
    // Segments may overlap: what is bounded is all of them together.
    uint64_t left = kMaxNotes;
    for (const Elf64_Phdr& note : notes) {
        const uint64_t bytes = std::min(note.p_filesz, left);
        left -= bytes;
        read_notes(bytes_at(note.p_offset, bytes));
    }
    std::sort(mappings_.begin(), mappings_.end(),
              [](const CoreMapping& one, const CoreMapping& other) { return one.start < other.start; });
}

void CoreFile::read_notes(const std::string& notes) {
    for (uint64_t at = 0; const auto note = value_at<Elf64_Nhdr>(notes, at);) {
        const uint64_t content = at + sizeof(*note) + padded(note->n_namesz);
        at = content + padded(note->n_descsz);
        if (content > notes.size() || note->n_descsz > notes.size() - content) {
            refuse("is damaged: its notes make no sense");
        }
        take_note(note->n_type, notes.substr(content, note->n_descsz));
    }
}

void CoreFile::take_note(uint32_t type, const std::string& content) {
    switch (type) {
        case NT_PRSTATUS: take_thread(content); break;
        case NT_PRPSINFO:
            if (const auto process = value_at<elf_prpsinfo>(content, 0)) {
                pid_ = static_cast<uint32_t>(process->pr_pid);
                parent_ = static_cast<uint32_t>(process->pr_ppid);
                arguments_.assign(process->pr_psargs, strnlen(process->pr_psargs, sizeof(process->pr_psargs)));
                while (arguments_.ends_with(' ')) arguments_.pop_back();
            }
            break;
        case NT_FILE: take_files(content); break;
        case NT_AUXV: take_auxiliary(content); break;
        default: break;
    }
}

void CoreFile::take_thread(const std::string& content) {
    const auto status = value_at<elf_prstatus>(content, 0);
    if (!status || status->pr_pid <= 0 || threads_.size() == kMaxThreads) return;
    user_regs_struct registers;
    static_assert(sizeof(registers) == sizeof(status->pr_reg));
    std::memcpy(&registers, &status->pr_reg, sizeof(registers));
    CoreThread thread;
    thread.tid = static_cast<uint32_t>(status->pr_pid);
    thread.pc = registers.rip;
    thread.stack_pointer = registers.rsp;
    thread.frame_pointer = registers.rbp;
    thread.call =
        dumped_call(registers, [this](uint64_t address, void* to, size_t bytes) { return read(address, to, bytes); });
    thread.cpu_seconds = seconds_of(*status);
    constexpr int kLastSignal = 64;
    if (threads_.empty() && status->pr_cursig > 0 && status->pr_cursig <= kLastSignal) signal_ = status->pr_cursig;
    threads_.push_back(thread);
}

/// A count, the size of a page, then three words a mapping, then their paths.
void CoreFile::take_files(const std::string& content) {
    struct Place {
        uint64_t start;
        uint64_t end;
        uint64_t page;
    };
    const auto count = value_at<uint64_t>(content, 0);
    const auto page_bytes = value_at<uint64_t>(content, sizeof(uint64_t));
    constexpr uint64_t kHead = 2 * sizeof(uint64_t);
    if (!count || !page_bytes || *count > kMaxMappings || *count > content.size() / sizeof(Place)) return;
    uint64_t name = kHead + *count * sizeof(Place);
    for (uint64_t i = 0; i < *count && name < content.size() && mappings_.size() < kMaxMappings; ++i) {
        const auto place = value_at<Place>(content, kHead + i * sizeof(Place));
        if (!place) return;
        const std::string path(content.c_str() + name);
        name += path.size() + 1;
        if (place->start < place->end) {
            mappings_.push_back({place->start, place->end, place->page * *page_bytes, path});
        }
    }
}

void CoreFile::take_auxiliary(const std::string& content) {
    for (uint64_t at = 0; const auto entry = value_at<Elf64_auxv_t>(content, at); at += sizeof(Elf64_auxv_t)) {
        if (entry->a_type == AT_ENTRY) entry_point_ = entry->a_un.a_val;
    }
}

size_t CoreFile::read(uint64_t address, void* to, size_t bytes) const {
    size_t done = 0;
    while (done < bytes) {
        const auto next =
            std::upper_bound(segments_.begin(), segments_.end(), address,
                             [](uint64_t wanted, const CoreSegment& segment) { return wanted < segment.start; });
        if (next == segments_.begin()) break;
        const CoreSegment& segment = *std::prev(next);
        const uint64_t within = address - segment.start;
        if (within >= segment.dumped_bytes) break;
        const size_t wanted = std::min<uint64_t>(bytes - done, segment.dumped_bytes - within);
        const ssize_t got =
            pread(descriptor_, static_cast<char*>(to) + done, wanted, static_cast<off_t>(segment.offset + within));
        if (got <= 0) break;
        done += static_cast<size_t>(got);
        address += static_cast<size_t>(got);
    }
    return done;
}

bool is_core_file(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return false;
    unsigned char head[EI_NIDENT + sizeof(Elf64_Half)] = {};
    const bool is_there = pread(descriptor, head, sizeof(head), 0) == static_cast<ssize_t>(sizeof(head));
    close(descriptor);
    Elf64_Half type = 0;
    std::memcpy(&type, head + EI_NIDENT, sizeof(type));
    return is_there && std::memcmp(head, ELFMAG, SELFMAG) == 0 && type == ET_CORE;
}

}  // namespace reader
