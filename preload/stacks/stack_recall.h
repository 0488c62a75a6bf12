// SPDX-License-Identifier: Apache-2.0
//
// capture_stack in line, for wrappers that programs call all the time: what mostly happens, with nothing
// kept for what may happen instead. That is done from its beginning, out of line.
#pragma once

#include "preload/process/recording.h"
#include "preload/stacks/rule_cache.h"
#include "preload/stacks/stack_capture.h"
#include "preload/stacks/stack_check.h"
#include "preload/stacks/stack_memo.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace detail {

/// capture_stack for a function with the frame `here`.
uint32_t capture_slowly(protocol::ThreadRecord* self, const CallerFrame& caller, StackLimits limits, uintptr_t here);
uint32_t capture_slowly(protocol::ThreadRecord* self, WrapperFrame frame);
/// The same where recall_any has not found it.
uint32_t capture_unseen(protocol::ThreadRecord* self, WrapperFrame frame);

/// What `recall(memo, caller, room)` says; 0: the memo cannot be used now. `here`: the frame that will use it.
template <typename Recall>
__attribute__((always_inline)) inline uint32_t recall_by(protocol::ThreadRecord* self, const CallerFrame& caller,
                                                         StackLimits limits, uintptr_t here, Recall recall) {
    const auto room = static_cast<int64_t>(limits.high - caller.sp);  // negative beyond the end
    if (__builtin_expect(here < limits.low, 0)) return 0;
    if (__builtin_expect(self->memo_user.load(std::memory_order_relaxed) != 0, 0)) return 0;
    self->memo_user.store(here, std::memory_order_relaxed);
    // A handler that comes from here on keeps out, so the memo stays where it is.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const uint64_t address = self->memo.load(std::memory_order_relaxed);
    uint32_t id = 0;
    if (__builtin_expect(address > detail::kNoMemo, 1)) {
        auto& memo = *reinterpret_cast<StackMemo*>(address);
        if (__builtin_expect(memo.era == code_epoch() + 1, 1)) id = recall(memo, caller, room);
    }
    leave_memo(self);
    return id;
}

/// The id of the calling thread's stack if it was seen before, last or not; 0: it was not, or the memo cannot be
/// used now. No walk, no system call.
uint32_t recall_any(protocol::ThreadRecord* self, WrapperFrame frame);

}  // namespace detail

/// The id of the calling thread's stack where it is the one last seen at this place; 0: it is not, or the memo
/// cannot be used now. `here`: the frame that will use it.
__attribute__((always_inline)) inline uint32_t recall_stack(protocol::ThreadRecord* self, const CallerFrame& caller,
                                                            StackLimits limits, uintptr_t here) {
    return detail::recall_by(self, caller, limits, here, recall_last);
}

/// capture_stack of the calling thread, whose record is `self`, in a wrapper.
__attribute__((always_inline)) inline uint32_t capture_stack_of(protocol::ThreadRecord* self, WrapperFrame frame) {
    const uint32_t id = recall_stack(self, frame.caller(), stack_limits(self), frame.address);
    if (__builtin_expect(id == 0, 0)) return detail::capture_slowly(self, frame);
    check_recalled(id, frame.caller(), self);
    return id;
}

}  // namespace preload
