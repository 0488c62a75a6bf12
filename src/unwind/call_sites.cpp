// SPDX-License-Identifier: Apache-2.0
#include "unwind/call_sites.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace unwind {

namespace {

constexpr size_t kLongestCall = 7;
constexpr uint64_t kMaxFunction = 64 * 1024;
constexpr unsigned char kCall = 0xe8;
constexpr unsigned char kJump = 0xe9;

int32_t signed4(const unsigned char* bytes) {
    int32_t value;
    std::memcpy(&value, bytes, sizeof(value));
    return value;
}

uint64_t moved(uint64_t address, int32_t distance) {
    return address + static_cast<uint64_t>(int64_t{distance});
}

/// `ff /2`, call through a register or memory, of exactly `length` bytes.
bool is_indirect_call(const unsigned char* code, size_t length) {
    if (code[0] != 0xff || (code[1] >> 3 & 7) != 2) return false;
    const int mode = code[1] >> 6;
    const int base = code[1] & 7;
    if (mode == 3) return length == 2;
    const bool has_index = base == 4;
    const size_t index = has_index ? 1 : 0;
    const bool has_long = mode == 2 || (mode == 0 && (base == 5 || (has_index && (code[2] & 7) == 5)));
    return length == 2 + index + (has_long ? 4 : mode);
}

/// An entry of a linkage table: a jump through a slot, maybe after a landing mark.
std::optional<uint64_t> jump_target(Memory& memory, uint64_t address) {
    using Code = std::array<unsigned char, 11>;
    const std::optional<Code> code = memory.value<Code>(address);
    if (!code) return std::nullopt;
    constexpr std::array<unsigned char, 4> kLandingMark = {0xf3, 0x0f, 0x1e, 0xfa};
    size_t at = std::equal(kLandingMark.begin(), kLandingMark.end(), code->begin()) ? kLandingMark.size() : 0;
    if ((*code)[at] == 0xf2) ++at;
    if ((*code)[at] != 0xff || (*code)[at + 1] != 0x25 || at + 6 > code->size()) return std::nullopt;
    return memory.value<uint64_t>(moved(address + at + 6, signed4(code->data() + at + 2)));
}

bool jumps_to(Memory& memory, uint64_t function, uint64_t end, uint64_t callee) {
    const std::vector<uint64_t> targets = jumps_out_of(memory, function, end);
    return std::find(targets.begin(), targets.end(), callee) != targets.end();
}

}  // namespace

std::vector<uint64_t> jumps_out_of(Memory& memory, uint64_t function, uint64_t end) {
    std::vector<uint64_t> targets;
    if (end <= function || end - function > kMaxFunction) return targets;
    std::vector<unsigned char> code(end - function);
    if (!memory.read(function, code.data(), code.size())) return targets;
    for (size_t at = 0; at + 5 <= code.size(); ++at) {
        if (code[at] != kJump) continue;
        const uint64_t target = moved(function + at + 5, signed4(code.data() + at + 1));
        if (target < function || target >= end) targets.push_back(target);
    }
    return targets;
}

CallSite call_before(Memory& memory, uint64_t return_address, uint64_t callee,
                     const std::function<std::optional<uint64_t>(uint64_t)>& end_of) {
    std::array<unsigned char, kLongestCall> code;
    if (return_address < code.size() || !memory.is_code(return_address - 1) ||
        !memory.read(return_address - code.size(), code.data(), code.size())) {
        return CallSite::kNone;
    }
    bool is_indirect = false;
    for (const size_t length : {2, 3, 4, 6, 7}) {
        is_indirect = is_indirect || is_indirect_call(code.data() + code.size() - length, length);
    }
    if (code[kLongestCall - 5] == kCall) {
        const uint64_t target = moved(return_address, signed4(code.data() + kLongestCall - 4));
        if (target == callee || jump_target(memory, target) == callee) return CallSite::kDirect;
        const std::optional<uint64_t> end = end_of(target);
        if (end && jumps_to(memory, target, *end, callee)) return CallSite::kDirect;
        if (!is_indirect) return CallSite::kOther;
    }
    return is_indirect ? CallSite::kIndirect : CallSite::kNone;
}

std::optional<uint64_t> callee_before(Memory& memory, uint64_t return_address) {
    using Code = std::array<unsigned char, 6>;  // the longer of the two
    if (return_address < sizeof(Code) || !memory.is_code(return_address - 1)) return std::nullopt;
    const std::optional<Code> code = memory.value<Code>(return_address - sizeof(Code));
    if (!code) return std::nullopt;
    // A slot relative to the instruction, as -fno-plt has it.
    if ((*code)[0] == 0xff && (*code)[1] == 0x15) {
        return memory.value<uint64_t>(moved(return_address, signed4(code->data() + 2)));
    }
    if ((*code)[1] != kCall) return std::nullopt;
    const uint64_t target = moved(return_address, signed4(code->data() + 2));
    const std::optional<uint64_t> behind = jump_target(memory, target);
    return behind ? behind : target;
}

}  // namespace unwind
