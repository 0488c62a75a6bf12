// SPDX-License-Identifier: Apache-2.0
//
// Locks that the program made itself, by its own word: the annotations of include/loiter/loiter.h. What is said
// is recorded; the lock's memory is never looked at.
#define LOITER_API
#define LOITER_ONLY_DECLARATIONS
#include "include/loiter/loiter.h"
#include "preload/wrappers/lock_call.h"

namespace preload {

namespace {

void end_announced_wait(ThreadRecord* self) {
    if (self->wait.kind.load(std::memory_order_relaxed) != WaitKind::kCustomLock) return;
    const bool is_outermost = begin_own_write(self);
    self->wait.kind.store(WaitKind::kNone, std::memory_order_relaxed);
    protocol::end_write(self->sequence, is_outermost);
}

}  // namespace

extern "C" {

EXPORTED void loiter_api_lock_waiting(const volatile void* lock, int mode) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return;
    self = ensure_recording(self);
    if (process == nullptr) return;
    const WrapperFrame frame = WRAPPER_FRAME;
    const int flags = ((mode & LOITER_SHARED) != 0 ? protocol::kWaitShared : 0) |
                      ((mode & LOITER_TIMED) != 0 ? protocol::kWaitTimed : 0);
    const uint32_t stack = capture_stack_of(self, frame);
    end_announced_wait(self);  // one that was never ended
    announce_wait(self,
                  {WaitKind::kCustomLock, Function::kNone, static_cast<uint8_t>(flags), stack, address_of(lock), 0, 0},
                  frame.caller());
}

EXPORTED void loiter_api_lock_given_up(const volatile void*) {
    if (ThreadRecord* const self = this_thread()) end_announced_wait(self);
}

EXPORTED void loiter_api_lock_acquired(const volatile void* lock, int mode) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return;
    const Mode held = (mode & LOITER_SHARED) != 0 ? Mode::kShared : Mode::kExclusive;
    const WrapperFrame frame = WRAPPER_FRAME;
    const uint32_t stack = capture_stack_of(self, frame);
    Hold* const hold = begin_hold(self, LockKind::kCustom, held, lock, 0, now_coarse_ns(), stack);
    settle(self, hold, true, true);
    end_announced_wait(self);
}

EXPORTED void loiter_api_lock_released(const volatile void* lock) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return;
    const Release release = begin_release(self, LockKind::kCustom, lock, 0);
    if (is_foreign(self, release))
        note_foreign_release(self, LockKind::kCustom, lock, release.owner, capture_stack_of(self, WRAPPER_FRAME));
    end_release(self, release, true);
}

}  // extern "C"

}  // namespace preload
