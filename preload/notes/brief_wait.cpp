// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/brief_wait.h"

#include "preload/notes/abandoned.h"
#include "preload/process/clock.h"
#include "protocol/seqlock.h"

namespace preload {

namespace {

/// At 20 ns each, at most half of a hundredth of a tick of a millisecond.
constexpr uint32_t kStacksPerTick = 256;

/// Its stack, the modules of which are noted with it, or 0 where this thread has taken enough of them in this tick.
uint32_t affordable_stack(ThreadRecord* self, uint64_t tick, const CallerFrame& caller) {
    if (self->stack_tick.load(std::memory_order_relaxed) != tick) {
        self->stack_tick.store(tick, std::memory_order_relaxed);
        self->stacks_in_tick.store(0, std::memory_order_relaxed);
    }
    const uint32_t taken = self->stacks_in_tick.load(std::memory_order_relaxed);
    if (taken >= kStacksPerTick) return 0;
    self->stacks_in_tick.store(taken + 1, std::memory_order_relaxed);
    return capture_stack(caller, stack_limits(self));
}

}  // namespace

void publish_briefly(ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller) {
    const uint64_t now = now_coarse_ns();
    const uint32_t stack = affordable_stack(self, now, caller);
    protocol::Wait& wait = self->wait;
    const bool is_outermost = begin_own_write(self);
    wait.flags.store(request.deadline_ns != 0 ? request.flags | protocol::kWaitTimed : request.flags,
                     std::memory_order_relaxed);
    wait.function.store(static_cast<uint16_t>(request.function), std::memory_order_relaxed);
    wait.stack.store(stack, std::memory_order_relaxed);
    wait.object.store(request.object, std::memory_order_relaxed);
    wait.detail.store(request.detail, std::memory_order_relaxed);
    wait.since_ns.store(now, std::memory_order_relaxed);
    wait.deadline_ns.store(request.deadline_ns, std::memory_order_relaxed);
    wait.frame.store(caller.sp, std::memory_order_relaxed);
    wait.serial.store(wait.serial.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    self->wait_caller.store(caller.pc, std::memory_order_relaxed);
    wait.kind.store(request.kind, std::memory_order_relaxed);
    protocol::end_write(self->sequence, is_outermost);
}

}  // namespace preload
