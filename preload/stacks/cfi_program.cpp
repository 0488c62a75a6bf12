// SPDX-License-Identifier: Apache-2.0
//
// Call frame instructions. What is not understood makes the whole row unusable: a stack is rather
// cut short than guessed.
#include "preload/stacks/cfi_program.h"

namespace preload {

namespace {

enum : uint8_t {
    kAdvance = 0x40,  // these three carry an operand in their low six bits
    kOffset = 0x80,
    kRestore = 0xc0,

    kNop = 0x00,
    kSetLocation = 0x01,
    kAdvance1 = 0x02,
    kAdvance2 = 0x03,
    kAdvance4 = 0x04,
    kOffsetExtended = 0x05,
    kRestoreExtended = 0x06,
    kUndefined = 0x07,
    kSameValue = 0x08,
    kRegister = 0x09,
    kRememberState = 0x0a,
    kRestoreState = 0x0b,
    kDefineCfa = 0x0c,
    kDefineCfaRegister = 0x0d,
    kDefineCfaOffset = 0x0e,
    kDefineCfaExpression = 0x0f,
    kExpression = 0x10,
    kOffsetExtendedSigned = 0x11,
    kDefineCfaSigned = 0x12,
    kDefineCfaOffsetSigned = 0x13,
    kValueOffset = 0x14,
    kValueOffsetSigned = 0x15,
    kValueExpression = 0x16,
    kGnuArgumentsSize = 0x2e,
    kGnuNegativeOffsetExtended = 0x2f,
};

int64_t address_of(const uint8_t* bytes) {
    return static_cast<int64_t>(reinterpret_cast<uintptr_t>(bytes));
}

RegisterRule read_expression(Saved saved, TableCursor& program) {
    const uint64_t size = program.uleb();
    return {saved, static_cast<uint32_t>(size), address_of(program.skip(size))};
}

}  // namespace

bool CfiProgram::run(TableCursor program, uintptr_t function, uintptr_t address) {
    row_ = {};
    location_ = 0;
    address_ = UINTPTR_MAX;  // the CIE's program holds for every address
    TableCursor common = common_.program;
    if (!execute(common)) return false;
    initial_ = row_;
    remembered_count_ = 0;
    location_ = function;
    address_ = address;
    return execute(program);
}

bool CfiProgram::execute(TableCursor& program) {
    while (!program.at_end() && location_ <= address_) {
        const auto opcode = program.fixed<uint8_t>();
        const auto operand = static_cast<uint8_t>(opcode & 0x3f);
        switch (opcode & 0xc0) {
            case kAdvance: location_ += operand * common_.code_alignment; break;
            case kOffset: set(operand, {Saved::kAtCfa, 0, scaled(program.uleb())}); break;
            case kRestore: restore(operand); break;
            default:
                if (!execute_opcode(opcode, program)) return false;
        }
        if (!program.ok()) return false;
    }
    return true;
}

bool CfiProgram::execute_opcode(uint8_t opcode, TableCursor& program) {
    switch (opcode) {
        case kNop: return true;
        case kSetLocation: location_ = program.encoded(common_.pointer_encoding); return true;
        case kAdvance1: location_ += program.fixed<uint8_t>() * common_.code_alignment; return true;
        case kAdvance2: location_ += program.fixed<uint16_t>() * common_.code_alignment; return true;
        case kAdvance4: location_ += program.fixed<uint32_t>() * common_.code_alignment; return true;
        case kRememberState:
            if (remembered_count_ == kMaxRemembered) return false;
            remembered_[remembered_count_++] = row_;
            return true;
        case kRestoreState:
            if (remembered_count_ == 0) return false;
            row_ = remembered_[--remembered_count_];
            return true;
        case kGnuArgumentsSize: program.uleb(); return true;
        case kDefineCfa:
        case kDefineCfaSigned:
        case kDefineCfaRegister:
        case kDefineCfaOffset:
        case kDefineCfaOffsetSigned:
        case kDefineCfaExpression: return define_cfa(opcode, program);
        default: return define_register(opcode, program);
    }
}

bool CfiProgram::define_cfa(uint8_t opcode, TableCursor& program) {
    const bool changes_a_part =
        opcode == kDefineCfaRegister || opcode == kDefineCfaOffset || opcode == kDefineCfaOffsetSigned;
    if (changes_a_part && row_.cfa.is_expression) return false;
    switch (opcode) {
        case kDefineCfa: {
            const uint64_t base = program.uleb();
            return set_cfa(base, static_cast<int64_t>(program.uleb()));
        }
        case kDefineCfaSigned: {
            const uint64_t base = program.uleb();
            return set_cfa(base, scaled(static_cast<uint64_t>(program.sleb())));
        }
        case kDefineCfaRegister: return set_cfa(program.uleb(), row_.cfa.value);
        case kDefineCfaOffset: return set_cfa(row_.cfa.base, static_cast<int64_t>(program.uleb()));
        case kDefineCfaOffsetSigned: return set_cfa(row_.cfa.base, scaled(static_cast<uint64_t>(program.sleb())));
        default: {
            const uint64_t size = program.uleb();
            row_.cfa = {true, row_.cfa.base, static_cast<uint32_t>(size), address_of(program.skip(size))};
            return true;
        }
    }
}

bool CfiProgram::define_register(uint8_t opcode, TableCursor& program) {
    const uint64_t number = program.uleb();
    switch (opcode) {
        case kOffsetExtended: set(number, {Saved::kAtCfa, 0, scaled(program.uleb())}); return true;
        case kOffsetExtendedSigned:
            set(number, {Saved::kAtCfa, 0, scaled(static_cast<uint64_t>(program.sleb()))});
            return true;
        case kGnuNegativeOffsetExtended: set(number, {Saved::kAtCfa, 0, -scaled(program.uleb())}); return true;
        case kValueOffset: set(number, {Saved::kIsCfa, 0, scaled(program.uleb())}); return true;
        case kValueOffsetSigned:
            set(number, {Saved::kIsCfa, 0, scaled(static_cast<uint64_t>(program.sleb()))});
            return true;
        case kExpression: set(number, read_expression(Saved::kAtExpression, program)); return true;
        case kValueExpression: set(number, read_expression(Saved::kIsExpression, program)); return true;
        case kUndefined: set(number, {Saved::kUndefined, 0, 0}); return true;
        case kSameValue: set(number, {Saved::kSame, 0, 0}); return true;
        case kRegister: set(number, {Saved::kElsewhere, 0, static_cast<int64_t>(program.uleb())}); return true;
        case kRestoreExtended: restore(number); return true;
        default: return false;
    }
}

int64_t CfiProgram::scaled(uint64_t factor) const {
    return static_cast<int64_t>(factor * static_cast<uint64_t>(common_.data_alignment));
}

bool CfiProgram::set_cfa(uint64_t base, int64_t offset) {
    if (base > kReturnAddress) return false;
    row_.cfa = {false, static_cast<uint8_t>(base), 0, offset};
    return true;
}

RegisterRule* CfiProgram::rule_of(FrameRow& row, uint64_t number) {
    switch (number) {
        case kRbp: return &row.fp;
        case kRsp: return &row.sp;
        case kReturnAddress: return &row.return_address;
        default: return nullptr;
    }
}

void CfiProgram::set(uint64_t number, RegisterRule rule) {
    if (RegisterRule* const wanted = rule_of(row_, number)) *wanted = rule;
}

void CfiProgram::restore(uint64_t number) {
    if (RegisterRule* const wanted = rule_of(row_, number)) *wanted = *rule_of(initial_, number);
}

}  // namespace preload
