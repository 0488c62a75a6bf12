// SPDX-License-Identifier: Apache-2.0
#include "unwind/frame_size.h"

#include <cstring>
#include <span>
#include <vector>

namespace unwind {

namespace {

using Code = std::span<const unsigned char>;

constexpr uint64_t kMaxWalked = 256 * 1024;

bool starts_with(Code code, std::initializer_list<unsigned char> bytes) {
    return code.size() >= bytes.size() && std::memcmp(code.data(), bytes.begin(), bytes.size()) == 0;
}

int32_t signed4(Code code, size_t at) {
    int32_t value = 0;
    if (at + sizeof(value) <= code.size()) std::memcpy(&value, code.data() + at, sizeof(value));
    return value;
}

/// Bytes of ModRM, index and displacement.
size_t operand_bytes(Code code, size_t at) {
    if (at + 1 >= code.size()) return 0;
    const int mode = code[at] >> 6;
    const int base = code[at] & 7;
    if (mode == 3) return 1;
    const bool has_index = base == 4;
    const bool has_long = mode == 2 || (mode == 0 && (base == 5 || (has_index && (code[at + 1] & 7) == 5)));
    return 1 + (has_index ? 1 : 0) + (has_long ? 4 : static_cast<size_t>(mode));
}

/// Length of an instruction that compilers mix into prologues and that leaves rsp alone: a move, an
/// address, a test, a constant. 0: it is none of them.
size_t harmless_bytes(Code code) {
    const unsigned char rex = !code.empty() && (code[0] & 0xf0) == 0x40 ? code[0] : 0;
    const size_t prefix = rex != 0 ? 1 : 0;
    if (code.size() < prefix + 2) return 0;
    const unsigned char operation = code[prefix];
    const unsigned char operand = code[prefix + 1];
    const bool is_constant = (operation & 0xf8) == 0xb8 && operation != 0xbc && (rex & 8) == 0;
    if (is_constant) return prefix + 5;
    switch (operation) {
        case 0xc7: return prefix + 1 + operand_bytes(code, prefix + 1) + 4;  // mov of a constant
        case 0x83: {  // cmp with one; or a register, but for rsp, rounded by one
            const bool is_compare = (operand >> 3 & 7) == 7;
            const bool is_other_register = operand >> 6 == 3 && ((operand & 7) != 4 || (rex & 1) != 0);
            return is_compare || is_other_register ? prefix + 1 + operand_bytes(code, prefix + 1) + 1 : 0;
        }
        case 0x31:  // xor
        case 0x33:
        case 0x39:  // cmp
        case 0x3b:
        case 0x85:  // test
        case 0x89:  // mov
        case 0x8b:
        case 0x8d: {  // lea
            const bool is_move_from_register = operation == 0x31 || operation == 0x89;
            const bool writes_rsp = is_move_from_register ? operand >> 6 == 3 && (operand & 7) == 4 && (rex & 1) == 0
                                                          : (operand >> 3 & 7) == 4 && (rex & 4) == 0;
            return writes_rsp ? 0 : prefix + 1 + operand_bytes(code, prefix + 1);
        }
        default: return 0;
    }
}

/// The first instruction that moves rsp by what is in a register: from there on the frame has no fixed size.
/// Bytes that only look like one do no harm.
std::optional<uint64_t> first_growth(Code code) {
    for (size_t at = 0; at + 3 <= code.size(); ++at) {
        const unsigned char prefix = code[at];
        const unsigned char operation = code[at + 1];
        const unsigned char operand = code[at + 2];
        const bool is_wide = (prefix & 0xf8) == 0x48;
        const bool into_rsp = (prefix & 1) == 0 && (operand & 0xc7) == 0xc4;
        const bool from_rsp_field = (prefix & 4) == 0 && (operand & 0x38) == 0x20;
        if (!is_wide) continue;
        if ((operation == 0x29 || operation == 0x89) && into_rsp) return at;         // sub, mov to rsp
        if ((operation == 0x2b || operation == 0x8b) && from_rsp_field) return at;   // the other way to say it
        if ((operation == 0x83 || operation == 0x81) && operand == 0xe4) return at;  // and: aligned anew
    }
    return std::nullopt;
}

bool makes_room(Code code) {
    for (size_t at = 0; at + 3 <= code.size(); ++at) {
        const bool is_sum = code[at + 1] == 0x83 || code[at + 1] == 0x81;
        if (code[at] == 0x48 && is_sum && (code[at + 2] == 0xec || code[at + 2] == 0xc4)) return true;
    }
    return false;
}

/// Empty: there is no such frame.
std::optional<uint64_t> size_past_prologue(Code code) {
    if (starts_with(code, {0xf3, 0x0f, 0x1e, 0xfa})) code = code.subspan(4);
    bool has_pushed = false;  // the caller's frame pointer
    bool has_frame = false;   // its own one is set
    uint64_t size = 0;
    while (!code.empty()) {
        size_t length = 0;
        if (!has_pushed && code[0] == 0x55) {
            has_pushed = true;
            length = 1;
        } else if (has_pushed && !has_frame &&
                   (starts_with(code, {0x48, 0x89, 0xe5}) || starts_with(code, {0x48, 0x8b, 0xec}))) {
            has_frame = true;
            length = 3;
        } else if (has_frame && (code[0] & 0xf8) == 0x50) {
            size += 8;
            length = 1;
        } else if (has_frame && code.size() >= 2 && code[0] == 0x41 && (code[1] & 0xf8) == 0x50) {
            size += 8;
            length = 2;
        } else if (has_frame && starts_with(code, {0x48, 0x83, 0xec}) && code.size() >= 4 && code[3] < 0x80) {
            return size + code[3];
        } else if (has_frame && starts_with(code, {0x48, 0x83, 0xc4, 0x80})) {
            return size + 128;
        } else if (has_frame && starts_with(code, {0x48, 0x81, 0xec}) && signed4(code, 3) > 0) {
            return size + static_cast<uint64_t>(signed4(code, 3));
        } else {
            length = harmless_bytes(code);
        }
        if (length == 0 || length > code.size()) break;
        code = code.subspan(length);
    }
    // A function that calls nobody may do without room of its own.
    return has_frame && !makes_room(code) ? std::optional<uint64_t>(size) : std::nullopt;
}

}  // namespace

std::optional<FrameSize> frame_size(Memory& memory, uint64_t start, uint64_t end) {
    if (end <= start || end - start > kMaxWalked) return std::nullopt;
    std::vector<unsigned char> code(end - start);
    if (!memory.read(start, code.data(), code.size())) return std::nullopt;
    const std::optional<uint64_t> bytes = size_past_prologue(code);
    if (!bytes) return std::nullopt;
    const std::optional<uint64_t> growth = first_growth(code);
    return FrameSize{*bytes, growth ? std::optional<uint64_t>(start + *growth) : std::nullopt};
}

}  // namespace unwind
