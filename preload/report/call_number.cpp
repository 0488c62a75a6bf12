// SPDX-License-Identifier: Apache-2.0
//
// A wrong number would make another system call, so only code that is understood as a whole counts:
// of glibc's 530 places 490 set EAX by the very instruction before, the rest with a few instructions
// between that leave it alone.
#include "preload/report/call_number.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "preload/notes/published_wait.h"
#include "preload/stacks/safe_read.h"

namespace preload {

namespace {

constexpr size_t kCallBytes = 2;  ///< 0f 05
constexpr size_t kLookBack = 32;  ///< bytes before it
constexpr long kMostNumbers = 1024;

/// Length of an instruction that leaves EAX alone and neither calls nor jumps; 0: not understood.
size_t length_of_bystander(const uint8_t* code, size_t left) {
    size_t at = 0;
    uint8_t rex = 0;
    if (left > 1 && (code[0] & 0xf0) == 0x40) rex = code[at++];
    if (left < at + 2) return 0;
    const uint8_t operation = code[at++];
    if (operation > 0xb8 && operation <= 0xbf && (rex & 8) == 0) return left >= at + 4 ? at + 4 : 0;  // mov $imm32,reg
    if (operation == 0xb8 && (rex & 9) == 1) return left >= at + 4 ? at + 4 : 0;                      // r8d
    const uint8_t modrm = code[at++];
    const uint8_t mode = modrm >> 6;
    const bool writes_rm = operation == 0x89 || operation == 0x31 || operation == 0x80 || operation == 0x83;
    const bool writes_reg = operation == 0x8b || operation == 0x33 || operation == 0x8d;
    if (!writes_rm && !writes_reg) return 0;
    const uint8_t rm = (modrm & 7) | (rex & 1) << 3;
    const uint8_t reg = ((modrm >> 3) & 7) | (rex & 4) << 1;
    if (writes_rm && mode == 3 && rm == 0) return 0;
    if (operation == 0x80 && mode == 3 && rex == 0 && rm == 4) return 0;  // ah
    if (writes_reg && reg == 0) return 0;
    if (mode != 3) {
        if ((modrm & 7) == 4) ++at;                  // scaled index
        if (mode == 0 && (modrm & 7) == 5) at += 4;  // relative to RIP
        if (mode == 1) at += 1;
        if (mode == 2) at += 4;
    }
    if (operation == 0x80 || operation == 0x83) at += 1;
    return at <= left ? at : 0;
}

bool are_bystanders(const uint8_t* code, size_t bytes) {
    while (bytes > 0) {
        const size_t length = length_of_bystander(code, bytes);
        if (length == 0) return false;
        code += length;
        bytes -= length;
    }
    return true;
}

/// Registers as the instruction set numbers them, in a signal's context.
long register_of(const ucontext_t& context, uint8_t number) {
    constexpr int kInContext[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return static_cast<long>(context.uc_mcontext.gregs[kInContext[number]]);
}

/// The value that the instruction at `code` puts into EAX; -1: it is none of those. `length`: its own.
long value_set(const uint8_t* code, size_t left, const ucontext_t& context, size_t& length) {
    if (left >= 7 && code[0] == 0x48 && code[1] == 0xc7 && code[2] == 0xc0) {  // mov $imm32,%rax
        int32_t value;
        memcpy(&value, code + 3, sizeof(value));
        length = 7;
        return value;
    }
    if (left >= 5 && code[0] == 0xb8) {  // mov $imm32,%eax
        int32_t value;
        memcpy(&value, code + 1, sizeof(value));
        length = 5;
        return value;
    }
    if (left >= 2 && (code[0] == 0x31 || code[0] == 0x33) && code[1] == 0xc0) {  // xor %eax,%eax
        length = 2;
        return 0;
    }
    // mov reg,%eax. The register still has its value, unless it is one that system calls change.
    const uint8_t rex = (code[0] & 0xf0) == 0x40 ? code[0] : 0;
    const size_t at = rex != 0 ? 1 : 0;
    if (left < at + 2 || code[at] != 0x89 || (code[at + 1] & 0xc7) != 0xc0 || (rex & 3) != 0) return -1;
    const uint8_t source = ((code[at + 1] >> 3) & 7) | (rex & 4) << 1;
    if (source == 0 || source == 1 || source == 11) return -1;
    length = at + 2;
    return register_of(context, source);
}

/// Only right before the call: further away the register may have changed since.
bool is_copy(size_t length) {
    return length == 2 || length == 3;
}

long decode(const uint8_t* code, size_t bytes, const ucontext_t& context) {
    for (size_t back = 2; back <= bytes; ++back) {
        const uint8_t* const start = code + bytes - back;
        size_t length = 0;
        const long value = value_set(start, back, context, length);
        if (value < 0 || value >= kMostNumbers) continue;
        if (back == length) {
            // "89 c0"-like tails of a longer instruction with a REX prefix are read with it.
            const bool has_prefix = is_copy(length) && back < bytes && (start[-1] & 0xf0) == 0x40;
            if (has_prefix) continue;
            return value;
        }
        if (!is_copy(length) && are_bystanders(start + length, back - length)) return value;
    }
    return -1;
}

}  // namespace

long interrupted_call_number(const ucontext_t& context) {
    const auto after = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
    uint8_t code[kLookBack + kCallBytes];
    SafeReader reader;
    size_t before = kLookBack;
    // The function may begin right at the start of its mapping.
    while (!reader.copy(after - kCallBytes - before, code, before + kCallBytes)) {
        before /= 2;
        if (before < 2) return -1;
    }
    if (code[before] != 0x0f || code[before + 1] != 0x05) return -1;
    const long number = decode(code, before, context);
    if (number >= 0) return number;
    // libc's `syscall` gets the number as an argument.
    const greg_t* const registers = context.uc_mcontext.gregs;
    const protocol::Wait* const wait = published_wait(static_cast<uintptr_t>(registers[REG_RSP]));
    return wait != nullptr && is_wait_of_futex_call(*wait, registers) ? SYS_futex : -1;
}

}  // namespace preload
