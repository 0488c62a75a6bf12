// SPDX-License-Identifier: Apache-2.0
//
// The interpreter of call frame instructions, DWARF 5 §6.4.2. Linear in the program, no heap.
#pragma once

#include <cstdint>

#include "preload/stacks/cfi.h"
#include "preload/stacks/table_cursor.h"

namespace preload {

/// What a CIE says of all functions that refer to it.
struct CommonEntry {
    uint64_t code_alignment = 1;
    int64_t data_alignment = 1;
    uint8_t pointer_encoding = 0;
    bool has_augmentation_data = false;
    bool is_signal_frame = false;
    TableCursor program;
};

class CfiProgram {
public:
    CfiProgram(const CommonEntry& common, FrameRow& row) : common_(common), row_(row) {}

    /// Runs the CIE's program, then the function's up to the instruction at `address`. False: it holds
    /// an instruction that is not known, or runs past its end.
    bool run(TableCursor program, uintptr_t function, uintptr_t address);

private:
    bool execute(TableCursor& program);
    bool execute_opcode(uint8_t opcode, TableCursor& program);
    bool define_cfa(uint8_t opcode, TableCursor& program);
    bool define_register(uint8_t opcode, TableCursor& program);
    int64_t scaled(uint64_t factor) const;
    bool set_cfa(uint64_t base, int64_t offset);
    void set(uint64_t number, RegisterRule rule);
    void restore(uint64_t number);
    RegisterRule* rule_of(FrameRow& row, uint64_t number);

    // Compilers nest these once.
    static constexpr uint32_t kMaxRemembered = 4;

    const CommonEntry& common_;
    FrameRow& row_;
    FrameRow initial_{};  ///< as the CIE's program left it
    FrameRow remembered_[kMaxRemembered];
    uint32_t remembered_count_ = 0;
    uintptr_t location_ = 0;
    uintptr_t address_ = 0;
};

}  // namespace preload
