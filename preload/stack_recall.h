// SPDX-License-Identifier: Apache-2.0
//
// capture_stack in line, for wrappers that programs call all the time.
#pragma once

#include "preload/recording.h"
#include "preload/rule_cache.h"
#include "preload/stack_capture.h"
#include "preload/stack_check.h"
#include "preload/stack_memo.h"

namespace preload {

namespace detail {

uint32_t capture_without_memo(const CallerFrame& caller, StackLimits limits);
/// Of a stack that the memo does not have yet.
uint32_t capture_unknown(protocol::ThreadRecord* self, StackMemo& memo, const CallerFrame& caller, StackLimits limits);

}  // namespace detail

/// capture_stack; `self` is the calling thread's record, or null.
__attribute__((always_inline)) inline uint32_t capture_stack_of(protocol::ThreadRecord* self, const CallerFrame& caller,
                                                                StackLimits limits) {
    if (process == nullptr) return 0;
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    // The frame as well as its caller: whoever runs elsewhere is not the thread that the memo belongs
    // to (a raw clone has its creator's thread-local storage), or may be interrupted by it.
    const bool is_own = limits.low != 0 && here >= limits.low && caller.sp > here && caller.sp < limits.high;
    if (__builtin_expect(!is_own || self == nullptr, 0)) return detail::capture_without_memo(caller, limits);
    StackMemo* const memo = enter_memo(self, here, code_epoch());
    if (__builtin_expect(memo == nullptr, 0)) return detail::capture_without_memo(caller, limits);
    uint32_t id = recall(*memo, caller, limits.high);
    if (__builtin_expect(id != 0, 1)) {
        check_recalled(id, caller, limits);
    } else {
        id = detail::capture_unknown(self, *memo, caller, limits);
    }
    leave_memo(self);
    return id;
}

}  // namespace preload
