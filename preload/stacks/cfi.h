// SPDX-License-Identifier: Apache-2.0
//
// Call frame information (.eh_frame) of loaded modules: how a function's caller is found from a
// given instruction. Runs in the target, wherever a wrapper runs: no lock (`_dl_find_object` takes
// none), no heap, no system call. Reads the tables where the loader mapped them, inside the
// module's range only. O(log functions + size of the function's program).
#pragma once

#include <cstddef>
#include <cstdint>

namespace preload {

/// DWARF numbers of the registers that matter here.
inline constexpr uint8_t kRbp = 6;
inline constexpr uint8_t kRsp = 7;
inline constexpr uint8_t kReturnAddress = 16;

struct Expression {
    const uint8_t* begin;
    uint32_t size;
};

/// Where the caller's value of a register is.
enum class Saved : uint8_t {
    kSame,          ///< untouched so far
    kUndefined,     ///< lost; of a return address: there is no caller
    kAtCfa,         ///< in memory, `value` from the CFA
    kIsCfa,         ///< the CFA plus `value`
    kAtExpression,  ///< in memory, where the expression says
    kIsExpression,
    kElsewhere,  ///< in another register
};

struct RegisterRule {
    Saved saved;
    uint32_t expression_size;
    int64_t value;  ///< an offset, or the address of the expression

    Expression expression() const { return {reinterpret_cast<const uint8_t*>(value), expression_size}; }
};

/// The canonical frame address: the stack pointer in the caller after the return.
struct CfaRule {
    bool is_expression;
    uint8_t base;  ///< DWARF register
    uint32_t expression_size;
    int64_t value;  ///< offset from the base, or the address of the expression

    Expression expression() const { return {reinterpret_cast<const uint8_t*>(value), expression_size}; }
};

/// The row of the unwind table for one instruction.
struct FrameRow {
    CfaRule cfa;
    RegisterRule fp;
    RegisterRule return_address;
    RegisterRule sp;       ///< kSame, as nearly always: the caller's rsp is the CFA
    bool is_signal_frame;  ///< of the trampoline that a signal handler returns to
};

enum class RowSearch : uint8_t {
    kFound,
    kNoRow,     ///< the module has no unwind table for the address, or one that is not understood here
    kNoModule,  ///< no module is loaded there
};
RowSearch find_frame_row(uintptr_t address, FrameRow& row);

}  // namespace preload
