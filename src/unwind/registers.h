// SPDX-License-Identifier: Apache-2.0
//
// What is known of a thread's registers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace unwind {

struct Registers {
    uint64_t pc = 0;
    uint64_t stack_pointer = 0;
    std::optional<uint64_t> frame_pointer = {};  ///< rbp
    /// Of a stopped thread, all of them, by their numbers in unwind tables: rax, rdx, rcx, rbx, rsi, rdi,
    /// rbp, rsp, r8, ... r15.
    std::optional<std::array<uint64_t, 16>> general = {};
    /// rdi, of a thread in a system call. libc's vfork has its return address there.
    std::optional<uint64_t> first_argument = {};
    bool pc_is_exact = false;  ///< not one past a call instruction
};

}  // namespace unwind
