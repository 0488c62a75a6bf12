// SPDX-License-Identifier: Apache-2.0
//
// pthread_once and C11's call_once: who runs the initializer owns the control word for that time.
// libc decides who runs it, so it is given an initializer of ours, which notes that and calls the
// program's. That one may be left by an exception (std::call_once), by cancellation or by a jump.
// Static locals of C++ are in static_local.cpp.
#include "preload/wrappers/once.h"

#include <pthread.h>
#include <threads.h>
#include <unwind.h>

#include "preload/notes/waits.h"
#include "preload/process/clock.h"
#include "preload/process/foreign_runtime.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"

extern "C" __attribute__((visibility("hidden"))) void loiter_call_initializer(void (*initializer)(),
                                                                              const volatile void* control);
extern "C" __attribute__((visibility("hidden"))) const char loiter_call_initializer_end[];

namespace preload {

namespace {

/// libc's own word: bit 0 while the initializer runs, bit 1 once it has run (pthreadP.h).
constexpr int kInProgress = 1;
constexpr int kDone = 2;

/// A call on its way to our initializer, which gets no argument.
struct OnceCall {
    OnceCall* previous;  ///< of the call that a signal handler interrupted
    void (*initializer)();
    const volatile void* control;
    uint32_t stack;
    bool is_waiting;
    WaitScope wait;
};
__thread OnceCall* arriving __attribute__((tls_model("initial-exec"))) = nullptr;

Hold* innermost_initializer(ThreadRecord* self) {
    Hold* innermost = nullptr;
    for (Hold& hold : self->holds) {
        const bool counts = hold.state.load(std::memory_order_relaxed) == HoldState::kHeld &&
                            hold.kind == LockKind::kOnce && (innermost == nullptr || innermost->detail < hold.detail);
        if (counts) innermost = &hold;
    }
    return innermost;
}

/// Takes the call out of the way of those that the initializer makes.
void arrive(OnceCall& call) {
    arriving = call.previous;
    end_wait(call.wait);
    call.is_waiting = false;
}

void run_initializer() {
    OnceCall& call = *arriving;
    const volatile void* const control = call.control;
    arrive(call);
    begin_initializer(control, call.stack);
    loiter_call_initializer(call.initializer, control);
    // Looked up again: the initializer may have forked, or made the recording by creating a thread.
    ThreadRecord* const self = this_thread();
    Hold* const hold = self == nullptr ? nullptr : find_hold(self, address_of(control), LockKind::kOnce);
    if (hold != nullptr) drop(self, hold);
}

template <typename Call>
int call_once_as(Function function, const volatile void* control, int word, void (*initializer)(),
                 const CallerFrame& caller, Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return call(initializer);
    if ((word & kInProgress) != 0) self = ensure_recording(self);
    OnceCall arrival{arriving, initializer, control, capture_stack(caller, stack_limits(self)), true, {}};
    begin_wait(arrival.wait, self, {WaitKind::kOnce, function, 0, arrival.stack, address_of(control), 0, 0}, caller);
    std::atomic_signal_fence(std::memory_order_seq_cst);  // a handler's call puts `arriving` back
    arriving = &arrival;
    const int error = call_in_wait([=] { return call(run_initializer); });
    if (arrival.is_waiting) arrive(arrival);
    return error;
}

int word_of(const int* control) {
    return __atomic_load_n(control, __ATOMIC_RELAXED);  // libc looks again, and orders what follows
}

}  // namespace

void begin_initializer(const volatile void* control, uint32_t stack) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return;
    const Hold* const outer = innermost_initializer(self);
    const auto depth = static_cast<uint16_t>(outer == nullptr ? 1 : outer->detail + 1);
    Hold* const hold = begin_hold(self, LockKind::kOnce, Mode::kExclusive, control, depth, now_coarse_ns(), stack);
    settle(self, hold, true, false);
}

/// Of the initializers that are on the stack, the innermost that still has its hold is the one that is left: those
/// further in were left before it. (Others may have a hold too, and be on no stack: a jump led out of them.)
struct Leaving {
    ThreadRecord* self;
    Hold* hold;
};

static void note_leaving(void* argument, uintptr_t pc, uintptr_t sp) {
    auto& leaving = *static_cast<Leaving*>(argument);
    const bool is_initializer = pc > reinterpret_cast<uintptr_t>(loiter_call_initializer) &&
                                pc < reinterpret_cast<uintptr_t>(loiter_call_initializer_end);
    if (!is_initializer || leaving.hold != nullptr) return;
    const auto control = *reinterpret_cast<const uint64_t*>(sp);
    leaving.hold = find_hold(leaving.self, control, LockKind::kOnce);
}

/// Personality of loiter_call_initializer: the initializer is being left, the next caller runs it anew.
extern "C" __attribute__((visibility("hidden"))) _Unwind_Reason_Code loiter_unwind_initializer(
    int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*, _Unwind_Context*) {
    if ((actions & _UA_CLEANUP_PHASE) == 0) return _URC_CONTINUE_UNWIND;
    ThreadRecord* const self = this_thread();
    if (self == nullptr) return _URC_CONTINUE_UNWIND;
    Leaving leaving{self, nullptr};
    visit_own_frames(CALLER_FRAME, stack_limits(self), note_leaving, &leaving);
    // Its frame lies behind code that no table describes.
    if (leaving.hold == nullptr) leaving.hold = innermost_initializer(self);
    if (leaving.hold != nullptr) drop(self, leaving.hold);
    return _URC_CONTINUE_UNWIND;
}

extern "C" {

EXPORTED int pthread_once(pthread_once_t* control, void (*initializer)()) {
    if (stays_out) return real::pthread_once(control, initializer);
    const int word = word_of(control);
    if ((word & kDone) != 0) return real::pthread_once(control, initializer);
    return call_once_as(Function::k_pthread_once, control, word, initializer, CALLER_FRAME,
                        [=](void (*routine)()) { return real::pthread_once(control, routine); });
}

EXPORTED void call_once(once_flag* flag, void (*initializer)()) {
    if (stays_out) return real::call_once(flag, initializer);
    const int word = word_of(&flag->__data);
    if ((word & kDone) != 0) return real::call_once(flag, initializer);
    call_once_as(Function::k_call_once, flag, word, initializer, CALLER_FRAME, [=](void (*routine)()) {
        real::call_once(flag, routine);
        return 0;
    });
}

EXPORT_ALIAS(pthread_once)

}  // extern "C"

}  // namespace preload
