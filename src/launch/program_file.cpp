// SPDX-License-Identifier: Apache-2.0
#include "launch/program_file.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <vector>

#include "launch/elf_file.h"
#include "launch/file_descriptor.h"
#include "launch/launch.h"

namespace launch {
namespace {

constexpr int kMaxInterpreters = 4;  ///< the kernel follows as many
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

bool needs(const std::vector<std::string>& libraries, const char* prefix) {
    return std::any_of(libraries.begin(), libraries.end(),
                       [&](const std::string& name) { return name.starts_with(prefix); });
}

void look_at_elf(const FileDescriptor& file, Program& program) {
    const std::string bytes = read_at(file, 0, sizeof(Elf64_Ehdr));
    if (bytes.size() != sizeof(Elf64_Ehdr)) return;  // also shorter than a 32-bit program with anything in it
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    program.elf = true;
    program.machine = header.e_machine;
    program.word_bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : header.e_ident[EI_CLASS] == ELFCLASS32 ? 32 : 0;
    if (program.word_bits != 64 || header.e_machine != EM_X86_64) {
        program.obstacle = Obstacle::kOtherMachine;
        return;
    }
    const auto segments = segments_of(file, header);
    if (!segments) return;
    program.loader = loader_of(file, *segments);
    program.go = is_built_by_go(file, header);
    const std::vector<std::string> libraries = needed_libraries(file, *segments);
    program.asan = needs(libraries, "libasan.so");
    if (program.loader.empty()) {
        program.obstacle = Obstacle::kStatic;
    } else if (program.loader.find("ld-musl") != std::string::npos) {
        program.obstacle = Obstacle::kMusl;
    } else if (gains_rights(file)) {
        program.obstacle = Obstacle::kPrivileged;
    } else if (needs(libraries, "libtsan.so")) {
        program.obstacle = Obstacle::kThreadSanitizer;
    }
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

/// Its launcher, which may be a script, or one of its tools, which are static.
bool is_valgrind(const Program& program) {
    const std::filesystem::path last = program.files.back();
    std::error_code error;
    const bool is_tool = program.obstacle == Obstacle::kStatic &&
                         std::filesystem::exists(last.parent_path() / "vgpreload_core-amd64-linux.so", error);
    return is_tool || std::any_of(program.files.begin(), program.files.end(),
                                  [](const std::filesystem::path& file) { return file.filename() == "valgrind"; });
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

std::string_view word(Obstacle obstacle) {
    switch (obstacle) {
        case Obstacle::kNone: return "";
        case Obstacle::kStatic: return "static";
        case Obstacle::kOtherMachine: return "other machine or word size";
        case Obstacle::kMusl: return "musl";
        case Obstacle::kPrivileged: return "setuid, setgid or file capabilities";
        case Obstacle::kThreadSanitizer: return "ThreadSanitizer";
        case Obstacle::kValgrind: return "Valgrind";
    }
    return "";
}

std::string sentence(Obstacle obstacle) {
    switch (obstacle) {
        case Obstacle::kNone: return "";
        case Obstacle::kStatic: return "it is statically linked; link it dynamically to observe it";
        case Obstacle::kOtherMachine:
            return "it is built for another machine or word size; only 64-bit x86 programs can be observed";
        case Obstacle::kMusl: return "it uses musl; build it with glibc to observe it";
        case Obstacle::kPrivileged:
            return "it is setuid, setgid or has file capabilities, which makes the loader ignore preloaded libraries; "
                   "observe a copy without them";
        case Obstacle::kThreadSanitizer:
            return "it is built with ThreadSanitizer, which would report what the library does; build it without to "
                   "observe it";
        case Obstacle::kValgrind:
            return "Valgrind would report what the library does, which stays out of what it runs; run the program "
                   "without it to observe it";
    }
    return "";
}

Program look_at_program(const std::string& path) {
    Program program;
    std::string next = path;
    for (int depth = 0; depth <= kMaxInterpreters && !next.empty(); ++depth) {
        program.files.push_back(next);
        const FileDescriptor file(open(next.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        program.readable = file.is_open();
        if (!file.is_open()) break;
        if (read_at(file, 0, SELFMAG) == ELFMAG) {
            look_at_elf(file, program);
            break;
        }
        next = interpreter(interpreter_line(file));
    }
    if (program.elf && is_valgrind(program)) program.obstacle = Obstacle::kValgrind;
    return program;
}

std::string obstacle_in_file(const std::string& path) {
    return sentence(look_at_program(path).obstacle);
}

bool can_preload(const std::string& library) {
    return access(library.c_str(), R_OK) == 0 && library.find_first_of(": $") == std::string::npos;
}

std::string why_not_observable(const std::string& command, const std::string& library) {
    if (access(library.c_str(), R_OK) != 0) {
        return "the library libloiter.so is missing; it belongs in lib/loiter beside the folder of this command";
    }
    if (!can_preload(library)) {
        return "the loader cannot preload " + library +
               "; install it under a path without blanks, colons and dollar signs";
    }
    return obstacle_in_file(find_program(command));
}

std::string find_library() {
    std::error_code error;
    auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    // Without /proc the kernel has told at least by which name it was started.
    const auto* const name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
    if (error && name != nullptr) self = std::filesystem::canonical(name, error);
    const auto library = self.parent_path().parent_path() / "lib" / "loiter" / "libloiter.so";
    return !error && std::filesystem::exists(library, error) ? library.string() : "";
}

}  // namespace launch
