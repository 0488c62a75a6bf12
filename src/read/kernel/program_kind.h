// SPDX-License-Identifier: Apache-2.0
//
// What kind of program a file is, as far as it decides what can be seen of its process from outside.
#pragma once

#include <cstdint>
#include <string>

namespace reader {

struct ProgramKind {
    bool is_elf = false;     ///< and its headers could be read; false: nothing below is known
    bool is_64_bit = false;  ///< else 32
    uint16_t machine = 0;    ///< EM_X86_64, ...
    bool is_static = false;  ///< asks for no loader
    bool is_go = false;      ///< built by the Go compiler
    std::string loader;      ///< the one it asks for; empty: none
};

ProgramKind program_kind(const std::string& path);

/// "AArch64"; "ELF machine 243" where it has no name here.
std::string machine_name(uint16_t machine);

/// What of such a program is not seen from outside, in a sentence with what to do; empty: it is an usual one.
std::string unseen_of(const ProgramKind& kind);

}  // namespace reader
