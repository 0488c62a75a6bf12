// SPDX-License-Identifier: Apache-2.0
//
// Part of the checking build of the preload library: what libunwind finds where a stack was recorded.
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "preload/stacks/stack_check.h"

namespace preload {

Agreement agreement_with_libunwind(const protocol::StackHeader& header, const CallerFrame& caller) {
    constexpr uint8_t kCutShort =
        protocol::kStackIncomplete | protocol::kStackTruncated | protocol::kStackInterruptedOwn;
    unw_context_t context;
    unw_cursor_t cursor;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    unw_word_t pc = 0;
    unw_word_t sp = 0;
    do {
        if (unw_step(&cursor) <= 0) return Agreement::kNotComparable;
        unw_get_reg(&cursor, UNW_REG_IP, &pc);
        unw_get_reg(&cursor, UNW_REG_SP, &sp);
    } while (sp < caller.sp);
    if (pc != caller.pc || sp != caller.sp) return Agreement::kNotComparable;
    const auto* const pcs = reinterpret_cast<const uintptr_t*>(&header + 1);
    uint16_t depth = 0;
    do {
        unw_get_reg(&cursor, UNW_REG_IP, &pc);
        if (pc == 0) break;
        if (is_our_code(pc)) continue;
        if (depth == header.depth) return (header.flags & kCutShort) != 0 ? Agreement::kSame : Agreement::kUnlike;
        if (pcs[depth] != pc) return Agreement::kUnlike;
        ++depth;
    } while (unw_step(&cursor) > 0);
    return depth == header.depth ? Agreement::kSame : Agreement::kUnlike;
}

}  // namespace preload
