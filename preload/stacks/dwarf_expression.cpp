// SPDX-License-Identifier: Apache-2.0
//
// A small stack machine; anything unusual ends it.
#include "preload/stacks/dwarf_expression.h"

#include "preload/stacks/table_cursor.h"

namespace preload {

namespace {

enum : uint8_t {
    kDeref = 0x06,
    kConst1u = 0x08,
    kConst1s = 0x09,
    kConst2u = 0x0a,
    kConst2s = 0x0b,
    kConst4u = 0x0c,
    kConst4s = 0x0d,
    kConst8u = 0x0e,
    kConst8s = 0x0f,
    kConstu = 0x10,
    kConsts = 0x11,
    kDup = 0x12,
    kDrop = 0x13,
    kOver = 0x14,
    kSwap = 0x16,
    kAnd = 0x1a,
    kMinus = 0x1c,
    kMul = 0x1e,
    kNeg = 0x1f,
    kNot = 0x20,
    kOr = 0x21,
    kPlus = 0x22,
    kPlusConstant = 0x23,
    kShiftLeft = 0x24,
    kShiftRight = 0x25,
    kXor = 0x27,
    kEqual = 0x29,
    kGreaterEqual = 0x2a,
    kGreater = 0x2b,
    kLessEqual = 0x2c,
    kLess = 0x2d,
    kNotEqual = 0x2e,
    kLiteral0 = 0x30,
    kLiteral31 = 0x4f,
    kRegister0 = 0x70,  // plus an offset
    kRegister31 = 0x8f,
};

class Machine {
public:
    Machine(const Registers& registers, SafeReader& memory) : registers_(registers), memory_(memory) {}

    bool push(uintptr_t value) {
        if (depth_ == kDepth) return false;
        stack_[depth_++] = value;
        return true;
    }

    bool run(TableCursor program) {
        while (!program.at_end()) {
            if (!step(program.fixed<uint8_t>(), program) || !program.ok()) return false;
        }
        return depth_ > 0;
    }

    uintptr_t top() const { return stack_[depth_ - 1]; }

private:
    static constexpr uint32_t kDepth = 16;

    bool step(uint8_t operation, TableCursor& program) {
        if (operation >= kLiteral0 && operation <= kLiteral31) return push(operation - kLiteral0);
        if (operation >= kRegister0 && operation <= kRegister31) {
            uintptr_t value = 0;
            const auto offset = static_cast<uintptr_t>(program.sleb());
            return register_value(operation - kRegister0, value) && push(value + offset);
        }
        if (operation >= kConst1u && operation <= kConsts) return push(constant(operation, program));
        return operation <= kSwap ? move(operation) : compute(operation, program);
    }

    bool register_value(uint32_t number, uintptr_t& value) const {
        switch (number) {
            case kRbp: value = registers_.fp; return registers_.fp_known;
            case kRsp: value = registers_.sp; return true;
            case kReturnAddress: value = registers_.pc; return true;
            default: return false;
        }
    }

    static uintptr_t constant(uint8_t operation, TableCursor& program) {
        switch (operation) {
            case kConst1u: return program.fixed<uint8_t>();
            case kConst1s: return static_cast<uintptr_t>(int64_t{program.fixed<int8_t>()});
            case kConst2u: return program.fixed<uint16_t>();
            case kConst2s: return static_cast<uintptr_t>(int64_t{program.fixed<int16_t>()});
            case kConst4u: return program.fixed<uint32_t>();
            case kConst4s: return static_cast<uintptr_t>(int64_t{program.fixed<int32_t>()});
            case kConstu: return program.uleb();
            case kConsts: return static_cast<uintptr_t>(program.sleb());
            default: return program.fixed<uint64_t>();
        }
    }

    bool move(uint8_t operation) {
        const uint32_t needed = operation == kOver || operation == kSwap ? 2 : 1;
        if (depth_ < needed) return false;
        uintptr_t* const last = &stack_[depth_ - 1];
        switch (operation) {
            case kDeref: return memory_.read(*last, *last);
            case kDup: return push(*last);
            case kDrop: --depth_; return true;
            case kOver: return push(last[-1]);
            case kSwap: {
                const uintptr_t value = last[0];
                last[0] = last[-1];
                last[-1] = value;
                return true;
            }
            default: return false;
        }
    }

    bool compute(uint8_t operation, TableCursor& program) {
        const bool is_unary = operation == kNeg || operation == kNot || operation == kPlusConstant;
        if (depth_ < (is_unary ? 1U : 2U)) return false;
        const uintptr_t right = is_unary ? 0 : stack_[--depth_];
        uintptr_t& value = stack_[depth_ - 1];
        switch (operation) {
            case kNeg: value = 0 - value; return true;
            case kNot: value = ~value; return true;
            case kPlusConstant: value += program.uleb(); return true;
            case kAnd: value &= right; return true;
            case kOr: value |= right; return true;
            case kXor: value ^= right; return true;
            case kPlus: value += right; return true;
            case kMinus: value -= right; return true;
            case kMul: value *= right; return true;
            case kShiftLeft: value = right < 64 ? value << right : 0; return true;
            case kShiftRight: value = right < 64 ? value >> right : 0; return true;
            default: return compare(operation, value, right);
        }
    }

    static bool compare(uint8_t operation, uintptr_t& value, uintptr_t right_word) {
        const auto left = static_cast<int64_t>(value);
        const auto right = static_cast<int64_t>(right_word);
        switch (operation) {
            case kEqual: value = left == right; return true;
            case kGreaterEqual: value = left >= right; return true;
            case kGreater: value = left > right; return true;
            case kLessEqual: value = left <= right; return true;
            case kLess: value = left < right; return true;
            case kNotEqual: value = left != right; return true;
            default: return false;
        }
    }

    const Registers& registers_;
    SafeReader& memory_;
    uintptr_t stack_[kDepth];
    uint32_t depth_ = 0;
};

}  // namespace

bool evaluate(Expression expression, const Registers& registers, const uintptr_t* cfa, SafeReader& memory,
              uintptr_t& result) {
    Machine machine(registers, memory);
    if (cfa != nullptr && !machine.push(*cfa)) return false;
    if (!machine.run(TableCursor(expression.begin, expression.begin + expression.size))) return false;
    result = machine.top();
    return true;
}

bool is_frame_pointer_offset(Expression expression, bool with_load, int64_t& offset) {
    TableCursor cursor(expression.begin, expression.begin + expression.size);
    if (cursor.fixed<uint8_t>() != kRegister0 + kRbp) return false;
    offset = cursor.sleb();
    if (with_load && cursor.fixed<uint8_t>() != kDeref) return false;
    return cursor.ok() && cursor.at_end();
}

}  // namespace preload
