// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/abandoned.h"

#include "preload/stacks/stack_capture.h"
#include "preload/threads/this_thread.h"

namespace preload {

using protocol::Hold;
using protocol::HoldState;
using protocol::ThreadRecord;

namespace {

/// What the calling thread may be in the middle of.
enum class Within { kNothing, kHandler, kOurCode };

/// Anything, where the stack does not tell.
__attribute__((noinline)) Within find_within(const ThreadRecord* self) {
    const CallerFrame caller = CALLER_FRAME;
    const StackLimits limits = stack_limits(self);
    if (process == nullptr || !has_room_to_walk(caller.sp, limits)) return Within::kOurCode;
    uintptr_t pcs[protocol::kMaxFrames];
    RawStack stack{pcs, 0, 0, 0};
    unwind(caller, limits, stack);
    constexpr uint8_t kCut = protocol::kStackIncomplete | protocol::kStackTruncated;
    if (stack.interrupts_own || (stack.flags & kCut) != 0) return Within::kOurCode;
    return (stack.flags & protocol::kStackHasSignal) != 0 ? Within::kHandler : Within::kNothing;
}

bool is_of_call(HoldState state) {
    return state == HoldState::kReserved || state == HoldState::kAcquiring || state == HoldState::kReleasing;
}

}  // namespace

bool detail::is_write_abandoned(ThreadRecord* self) {
    return find_within(self) != Within::kOurCode;
}

/// A handler may have interrupted libc in a call of ours, of which only the stack knows.
bool free_abandoned_holds(ThreadRecord* self) {
    if (find_within(self) != Within::kNothing) return false;
    bool freed = false;
    for (Hold& hold : self->holds) {
        if (!is_of_call(hold.state.load(std::memory_order_relaxed))) continue;
        hold.state.store(HoldState::kFree, std::memory_order_release);
        freed = true;
    }
    return freed;
}

}  // namespace preload
