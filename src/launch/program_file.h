// SPDX-License-Identifier: Apache-2.0
//
// What a program's file tells about how the kernel and the loader will treat it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace launch {

/// What in a program's file keeps the library out.
enum class Obstacle { kNone, kStatic, kOtherMachine, kMusl, kPrivileged, kThreadSanitizer, kValgrind };

/// "static"; empty for kNone.
std::string_view word(Obstacle obstacle);
/// One sentence, with what to do; empty for kNone.
std::string sentence(Obstacle obstacle);

/// The program that runs when a file is executed.
struct Program {
    std::vector<std::string> files;  ///< scripts first, each with its interpreter next; the program last
    bool readable = false;           ///< the last of them could be read
    bool elf = false;                ///< it is an ELF file: otherwise nothing below is known
    Obstacle obstacle = Obstacle::kNone;
    uint8_t word_bits = 0;  ///< 32 or 64; 0: neither
    uint16_t machine = 0;   ///< EM_X86_64, ...
    std::string loader;     ///< the one it asks for; empty: none
    bool go = false;        ///< built by the Go compiler
    bool asan = false;      ///< needs the shared runtime of AddressSanitizer
};

/// A script is followed to its interpreter, also behind `env`.
Program look_at_program(const std::string& path);

/// The file that execvp would run for `command`; empty when there is none.
std::string find_program(const std::string& command);

/// sentence(look_at_program(path).obstacle): empty when the file can be observed, or cannot be read.
std::string obstacle_in_file(const std::string& path);

/// The loader can be told to preload this file: it is there, and its path has neither separators nor what it would
/// replace.
bool can_preload(const std::string& library);

}  // namespace launch
