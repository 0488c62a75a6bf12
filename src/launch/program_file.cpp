// SPDX-License-Identifier: Apache-2.0
#include "launch/program_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <vector>

#include "launch/file_descriptor.h"
#include "launch/launch.h"

namespace launch {
namespace {

constexpr int kMaxInterpreters = 4;  ///< the kernel follows as many
constexpr size_t kMaxProgramHeaders = 256;
constexpr size_t kMaxPath = 4096;

std::string read_at(const FileDescriptor& file, uint64_t offset, size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = pread(file.get(), bytes.data(), size, static_cast<off_t>(offset));
    bytes.resize(got < 0 ? 0 : static_cast<size_t>(got));
    return bytes;
}

template <typename Value>
std::optional<Value> value_at(const FileDescriptor& file, uint64_t offset) {
    const std::string bytes = read_at(file, offset, sizeof(Value));
    if (bytes.size() != sizeof(Value)) return std::nullopt;
    Value value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// The loader that the file asks for; empty string: none, it is static. No value: damaged.
std::optional<std::string> loader_of(const FileDescriptor& file, const Elf64_Ehdr& header) {
    const size_t count = std::min<size_t>(header.e_phnum, kMaxProgramHeaders);
    for (size_t i = 0; i < count; ++i) {
        const auto segment = value_at<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
        if (!segment) return std::nullopt;
        if (segment->p_type != PT_INTERP) continue;
        return std::string(read_at(file, segment->p_offset, std::min<size_t>(segment->p_filesz, kMaxPath)).c_str());
    }
    return "";
}

/// Such a program runs in the loader's secure mode, which ignores libraries given by path.
bool gains_rights(const FileDescriptor& file) {
    struct stat status = {};
    if (fstat(file.get(), &status) != 0) return false;
    const bool sets_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != getuid();
    const bool sets_group =
        (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0 && status.st_gid != getgid();
    const bool has_capabilities = fgetxattr(file.get(), "security.capability", nullptr, 0) > 0;
    return sets_user || sets_group || (has_capabilities && getuid() != 0);
}

std::string obstacle_in_elf(const FileDescriptor& file) {
    const auto header = value_at<Elf64_Ehdr>(file, 0);
    if (!header) return "";
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64) {
        return "it is built for another machine or word size; only 64-bit x86 programs can be observed";
    }
    const auto loader = loader_of(file, *header);
    if (!loader) return "";
    if (loader->empty()) return "it is statically linked; link it dynamically to observe it";
    if (loader->find("ld-musl") != std::string::npos) return "it uses musl; build it with glibc to observe it";
    if (gains_rights(file)) {
        return "it is setuid, setgid or has file capabilities, which makes the loader ignore preloaded libraries; "
               "observe a copy without them";
    }
    return "";
}

/// What follows "#!", split as `env -S` would do; empty: no script.
std::vector<std::string> interpreter_line(const FileDescriptor& file) {
    const std::string start = read_at(file, 0, 256);
    if (!start.starts_with("#!")) return {};
    std::istringstream line(start.substr(2, start.find('\n') - 2));
    std::vector<std::string> words;
    for (std::string word; line >> word;) words.push_back(word);
    return words;
}

/// The program that really runs a script.
std::string interpreter(const std::vector<std::string>& line) {
    if (!line.empty() && std::filesystem::path(line[0]).filename() == "env") {
        const auto runs = std::find_if(line.begin() + 1, line.end(), [](const std::string& word) {
            return !word.starts_with("-") && word.find('=') == std::string::npos;
        });
        if (runs != line.end()) return find_program(*runs);
    }
    return line.empty() ? "" : line[0];
}

bool can_run(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string find_program(const std::string& command) {
    if (command.find('/') != std::string::npos) return can_run(command) ? command : "";
    const char* const path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "/bin:/usr/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        std::string candidate = (folder.empty() ? "." : folder) + "/" + command;
        if (can_run(candidate)) return candidate;
    }
    return "";
}

std::string obstacle_in_file(const std::string& path) {
    std::string program = path;
    for (int depth = 0; depth <= kMaxInterpreters && !program.empty(); ++depth) {
        const FileDescriptor file(open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!file.is_open()) return "";
        if (read_at(file, 0, SELFMAG) == ELFMAG) return obstacle_in_elf(file);
        program = interpreter(interpreter_line(file));
    }
    return "";
}

bool can_preload(const std::string& library) {
    return access(library.c_str(), R_OK) == 0 && library.find_first_of(": ") == std::string::npos;
}

std::string why_not_observable(const std::string& command, const std::string& library) {
    if (access(library.c_str(), R_OK) != 0) {
        return "the library libloiter.so is missing; it belongs in lib/loiter beside the folder of this command";
    }
    if (!can_preload(library)) {
        return "the loader cannot preload " + library + "; install it under a path without blanks and colons";
    }
    return obstacle_in_file(find_program(command));
}

std::string find_library() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto library = self.parent_path().parent_path() / "lib" / "loiter" / "libloiter.so";
    return !error && std::filesystem::exists(library, error) ? library.string() : "";
}

}  // namespace launch
