// SPDX-License-Identifier: Apache-2.0
#include "doctor/command_checks.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "doctor/check_table.h"
#include "read/read.h"

namespace doctor {
namespace {

using launch::Obstacle;

constexpr uint64_t kKibibyte = 1024;
constexpr uint64_t kMebibyte = 1024 * kKibibyte;
constexpr uint64_t kLeastRoom = 256 * kKibibyte;  ///< for the recording of a small program
constexpr uint64_t kGoodRoom = 16 * kMebibyte;

std::string size_words(uint64_t bytes) {
    if (bytes < kMebibyte) return std::to_string(bytes / kKibibyte) + " KiB";
    return std::to_string(bytes / kMebibyte) + " MiB";
}

std::string machine_word(uint16_t machine) {
    switch (machine) {
        case EM_X86_64: return "x86-64";
        case EM_386: return "x86";
        case EM_ARM: return "ARM";
        case EM_AARCH64: return "ARM64";
        case EM_RISCV: return "RISC-V";
        case EM_PPC64: return "PowerPC";
        case EM_S390: return "S/390";
        default: return "machine " + std::to_string(machine);
    }
}

Judged program_is_found(const CommandFacts& facts) {
    if (!facts.path.empty()) return Check{"", Mark::kOk, "found: " + facts.path, ""};
    if (facts.is_there) {
        return Check{"", Mark::kNo, facts.command + " is there, but cannot be executed",
                     "chmod +x, or name the program that runs it"};
    }
    return Check{"", Mark::kNo, "not found: " + facts.command, "give its path, or put its folder into PATH"};
}

Judged interpreter_runs(const CommandFacts& facts) {
    const launch::Program& program = facts.program;
    if (facts.path.empty() || (program.files.size() < 2 && program.elf)) return std::nullopt;
    if (program.files.size() > 1 && program.readable) {
        return Check{"", Mark::kOk, "a script; what runs, and is observed, is " + program.files.back(), ""};
    }
    if (!program.readable) {
        return Check{"", Mark::kWarn, program.files.back() + " cannot be read: what it is, is not known",
                     "see what loiter run says at its end"};
    }
    return Check{"", Mark::kWarn, "neither an ELF program nor a script that names its interpreter",
                 "begin it with #! and the interpreter's path"};
}

Judged program_is_observable(const CommandFacts& facts) {
    const launch::Program& program = facts.program;
    if (!program.elf) return std::nullopt;
    const std::string& file = program.files.back();
    switch (program.obstacle) {
        case Obstacle::kNone: return Check{"", Mark::kOk, file + " is dynamically linked, 64-bit x86", ""};
        case Obstacle::kStatic:
            return Check{"", Mark::kNo, file + " is statically linked" + (program.go ? ", by Go" : ""),
                         program.go ? "goroutines have a dump of their own: send it QUIT"
                                    : "link it dynamically: without -static"};
        case Obstacle::kOtherMachine:
            return Check{"", Mark::kNo,
                         file + " is built for " + std::to_string(program.word_bits) + "-bit " +
                             machine_word(program.machine) + "; the library is 64-bit x86",
                         "build it for 64-bit x86"};
        case Obstacle::kMusl:
            return Check{"", Mark::kNo, file + " is loaded by " + program.loader + ": it uses musl",
                         "build it with glibc"};
        case Obstacle::kPrivileged:
            return Check{"", Mark::kNo,
                         file + " is setuid, setgid or has file capabilities: the loader ignores LD_PRELOAD",
                         "observe a copy without them, or run as the user that it becomes"};
        case Obstacle::kThreadSanitizer:
            return Check{"", Mark::kNo, file + " needs libtsan, which would report what the library does: it stays out",
                         "build it without -fsanitize=thread"};
        case Obstacle::kValgrind:
            return Check{
                "", Mark::kNo,
                program.files.front() + " is of Valgrind, which would report what the library does: it stays out",
                "run the program without Valgrind"};
    }
    return std::nullopt;
}

Judged sanitizer_agrees(const CommandFacts& facts) {
    if (!facts.program.asan) return std::nullopt;
    return Check{"", Mark::kOk, "needs libasan, which lets the library come first", ""};
}

Judged library_is_there(const CommandFacts& facts) {
    const Machine& machine = facts.machine;
    if (machine.library.empty()) {
        return Check{"", Mark::kNo, "libloiter.so is missing", "it belongs in lib/loiter beside this command's folder"};
    }
    if (!machine.library_path_is_plain) {
        return Check{
            "", Mark::kNo,
            machine.library + " cannot be preloaded: unreadable, or blanks, colons or dollar signs in its path",
            "install it readable, under a path without them"};
    }
    const launch::Program& file = machine.library_file;
    if (!file.elf || file.word_bits != 64 || file.machine != EM_X86_64) {
        return Check{"", Mark::kNo, machine.library + " is no 64-bit x86 library", "install it anew"};
    }
    return Check{"", Mark::kOk, machine.library, ""};
}

Judged folder_has_room(const CommandFacts& facts) {
    const std::vector<Folder>& folders = facts.machine.folders;
    const auto first = std::find_if(folders.begin(), folders.end(), [](const Folder& one) { return one.usable; });
    if (first == folders.end()) {
        std::string names;
        for (const Folder& folder : folders) names += (names.empty() ? "" : ", ") + folder.path;
        return Check{"", Mark::kNo, "no recording can be made in " + names,
                     "make one of them writable, or name a folder by --dir"};
    }
    const std::string room = first->path + " has " + size_words(first->free_bytes) + " free";
    if (first->free_bytes < kLeastRoom) {
        return Check{"", Mark::kNo, room + ": too little for a recording", "make room, or name a folder by --dir"};
    }
    if (first->free_bytes < kGoodRoom) {
        return Check{"", Mark::kWarn, room + ": recordings may be cut short", "make room, or name a folder by --dir"};
    }
    if (first != folders.begin()) {
        return Check{"", Mark::kWarn, folders.front().path + " is not writable; recordings go to " + first->path,
                     "nothing, where that is no slow disk"};
    }
    return Check{"", Mark::kOk, room, ""};
}

Judged chosen_folder_works(const CommandFacts& facts) {
    const Machine& machine = facts.machine;
    if (machine.chosen_folder.empty()) return std::nullopt;
    if (machine.chosen_is_usable) {
        return Check{"", Mark::kOk, machine.chosen_folder + " (for plain preload; run and gate have their own)", ""};
    }
    return Check{"", Mark::kWarn, machine.chosen_folder + " is no folder that this user can record in",
                 "make it writable or unset LOITER_DIR (run and gate have their own)"};
}

/// A recording is as large as the limits allow, in steps.
Judged limits_leave_room(const CommandFacts& facts) {
    const Machine& machine = facts.machine;
    if (machine.file_size_limit == kUnlimited && machine.address_space_limit == kUnlimited) return std::nullopt;
    const std::vector<reader::RecordingRoom> rooms = reader::recording_rooms();
    const auto fits = std::find_if(rooms.begin(), rooms.end(), [&](const reader::RecordingRoom& room) {
        return room.file_bytes <= machine.file_size_limit && room.needed_address_space <= machine.address_space_limit;
    });
    const reader::RecordingRoom& most = rooms.front();
    const std::string advice = "ulimit -v unlimited -f unlimited, or at least " +
                               size_words(most.needed_address_space) + " and " + size_words(most.file_bytes);
    if (fits == rooms.end()) {
        return Check{"", Mark::kNo, "RLIMIT_AS or RLIMIT_FSIZE leaves no room for a recording", advice};
    }
    if (fits != rooms.begin()) {
        return Check{"", Mark::kWarn,
                     "RLIMIT_AS or RLIMIT_FSIZE leaves room for " + std::to_string(fits->threads) + " threads only",
                     advice};
    }
    return Check{"", Mark::kOk, "RLIMIT_AS and RLIMIT_FSIZE leave room enough", ""};
}

Judged seccomp_is_off(const CommandFacts& facts) {
    if (facts.machine.seccomp != 2) return std::nullopt;
    return Check{"", Mark::kOk, "a seccomp filter, which the program inherits, as in any container",
                 "nothing, unless recordings are missing: then allow openat, ftruncate, mmap and madvise"};
}

Judged proc_is_there(const CommandFacts& facts) {
    if (facts.machine.has_proc) return Check{"", Mark::kOk, "/proc is mounted", ""};
    return Check{"", Mark::kWarn, "/proc is not mounted: nothing is known of threads outside wrappers",
                 "mount -t proc proc /proc"};
}

Judged memory_can_be_read(const CommandFacts& facts) {
    const Machine& machine = facts.machine;
    if (machine.ptrace_scope == 0 || (machine.may_trace && machine.ptrace_scope < 3)) return std::nullopt;
    if (machine.ptrace_scope >= 2) {
        return Check{"", Mark::kWarn,
                     "kernel.yama.ptrace_scope is " + std::to_string(machine.ptrace_scope) +
                         ": stacks of threads outside wrappers, and libc's own lock owners, cannot be read",
                     machine.ptrace_scope == 2 ? "run as root" : "it cannot be lowered before the next boot"};
    }
    return Check{"", Mark::kWarn,
                 "kernel.yama.ptrace_scope is 1: run and gate see all; a dump from another shell has no stacks of "
                 "threads outside wrappers",
                 "dump as root, or set it to 0"};
}

constexpr CheckRow<CommandFacts> kCommandChecks[] = {
    {"file", program_is_found},          {"interpreter", interpreter_runs},
    {"program", program_is_observable},  {"sanitizer", sanitizer_agrees},
    {"library", library_is_there},       {"folder", folder_has_room},
    {"LOITER_DIR", chosen_folder_works}, {"limits", limits_leave_room},
    {"seccomp", seccomp_is_off},         {"/proc", proc_is_there},
    {"ptrace", memory_can_be_read},
};

}  // namespace

CommandFacts look_at_command(const std::string& command) {
    CommandFacts facts;
    facts.command = command;
    facts.path = launch::find_program(command);
    facts.is_there = command.find('/') != std::string::npos && access(command.c_str(), F_OK) == 0;
    if (!facts.path.empty()) facts.program = launch::look_at_program(facts.path);
    facts.machine = look_at_machine();
    return facts;
}

std::vector<Check> check_command(const CommandFacts& facts) {
    return judge_all<CommandFacts>(kCommandChecks, facts);
}

}  // namespace doctor
