// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/waits.h"

#include <signal.h>
#include <string.h>
#include <unwind.h>

#include "preload/notes/abandoned.h"
#include "preload/notes/holds.h"
#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/stacks/modules.h"
#include "preload/stacks/safe_read.h"
#include "protocol/seqlock.h"

extern "C" {
/// Set by the stubs of dlopen: there may be modules that the recording does not know.
__attribute__((visibility("hidden"))) uint32_t loiter_modules_changed = 0;
}

namespace preload {

using protocol::Wait;

namespace {

/// The wrapper's frame lies above this call's on the same stack, where it would still return to its caller;
/// but something else has been written there since.
bool is_overwritten(const ThreadRecord* self, const CallerFrame& caller) {
    const uint64_t frame = self->wait.frame.load(std::memory_order_relaxed);
    const StackLimits own = stack_limits(self);
    if (own.low == 0 || caller.sp < own.low || frame <= caller.sp || frame > own.high) return false;
    const uintptr_t returns_to = reinterpret_cast<const uintptr_t*>(frame)[-1];
    return returns_to != self->wait_caller.load(std::memory_order_relaxed);
}

/// A wait that is still published is either interrupted by the handler that runs now, or was left
/// behind by longjmp or cancellation: then its frame has been popped.
bool is_interrupted(const ThreadRecord* self, const CallerFrame& caller) {
    if (self->wait.frame.load(std::memory_order_relaxed) > caller.sp) return !is_overwritten(self, caller);
    if (is_restricted()) return false;
    stack_t alternate{};
    return raw_syscall(SYS_sigaltstack, 0, as_argument(&alternate)) == 0 && (alternate.ss_flags & SS_ONSTACK) != 0;
}

/// The handler that runs now came while this thread published a wait, or put one back: the words that are
/// there already have to be there after it as well. (Or a jump left it so, and the words do not matter.)
bool is_being_written(const ThreadRecord* self) {
    return (self->sequence.load(std::memory_order_relaxed) & 1) != 0;
}

void save(WaitScope& scope, const ThreadRecord* self) {
    const Wait& wait = self->wait;
    scope.kind = wait.kind.load(std::memory_order_relaxed);
    scope.flags = wait.flags.load(std::memory_order_relaxed);
    scope.function = wait.function.load(std::memory_order_relaxed);
    scope.stack = wait.stack.load(std::memory_order_relaxed);
    scope.object = wait.object.load(std::memory_order_relaxed);
    scope.detail = wait.detail.load(std::memory_order_relaxed);
    scope.since_ns = wait.since_ns.load(std::memory_order_relaxed);
    scope.deadline_ns = wait.deadline_ns.load(std::memory_order_relaxed);
    scope.frame = wait.frame.load(std::memory_order_relaxed);
    scope.serial = wait.serial.load(std::memory_order_relaxed);
    scope.caller = self->wait_caller.load(std::memory_order_relaxed);
}

void publish(ThreadRecord* self, const WaitScope& values) {
    Wait& wait = self->wait;
    wait.kind.store(WaitKind::kNone, std::memory_order_relaxed);
    wait.flags.store(values.flags, std::memory_order_relaxed);
    wait.function.store(values.function, std::memory_order_relaxed);
    wait.stack.store(values.stack, std::memory_order_relaxed);
    wait.object.store(values.object, std::memory_order_relaxed);
    wait.detail.store(values.detail, std::memory_order_relaxed);
    wait.since_ns.store(values.since_ns, std::memory_order_relaxed);
    wait.deadline_ns.store(values.deadline_ns, std::memory_order_relaxed);
    wait.frame.store(values.frame, std::memory_order_relaxed);
    wait.serial.store(values.serial, std::memory_order_relaxed);
    self->wait_caller.store(values.caller, std::memory_order_relaxed);
    wait.kind.store(values.kind, std::memory_order_relaxed);
}

/// The published wait is for a lock of the program's own: said by a function that has not returned yet, or,
/// within kSlack, by one that it calls to say it.
bool is_within_announced(const ThreadRecord* self, const CallerFrame& caller) {
    constexpr uint64_t kSlack = 512;
    return self->wait.kind.load(std::memory_order_relaxed) == WaitKind::kCustomLock &&
           caller.sp <= self->wait.frame.load(std::memory_order_relaxed) + kSlack;
}

/// A clone that shares its creator's thread-local storage, and runs beside it, has a stack of its own, mostly: on the
/// thread's, where it is in no wait, the kernel is not asked. A child of vfork is known by the mark of its stub.
bool is_of_caller(const ThreadRecord* self, const CallerFrame& caller) {
    const StackLimits own = stack_limits(self);
    const bool is_on_own_stack = own.low != 0 && caller.sp >= own.low && caller.sp < own.high;
    return (is_on_own_stack && self->wait.kind.load(std::memory_order_relaxed) == WaitKind::kNone) || is_really(self);
}

void publish_new(ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller) {
    WaitScope values{};
    values.kind = request.kind;
    values.flags = static_cast<uint8_t>(request.flags | (request.deadline_ns != 0 ? protocol::kWaitTimed : 0));
    values.function = static_cast<uint16_t>(request.function);
    values.stack = request.stack;
    values.object = request.object;
    values.detail = request.detail;
    values.since_ns = now_ns();
    values.deadline_ns = request.deadline_ns;
    values.frame = caller.sp;
    values.serial = self->wait.serial.load(std::memory_order_relaxed) + 1;
    values.caller = caller.pc;
    const bool is_outermost = begin_own_write(self);
    publish(self, values);
    protocol::end_write(self->sequence, is_outermost);
}

}  // namespace

void announce_wait(ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller) {
    if (is_being_written(self)) return;  // a handler's: nothing could put back what it overwrites
    const bool is_free = self->wait.kind.load(std::memory_order_relaxed) == WaitKind::kNone;
    if (is_of_caller(self, caller) && (is_free || !is_interrupted(self, caller))) publish_new(self, request, caller);
}

void begin_wait(WaitScope& scope, ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller) {
    scope.self = is_of_caller(self, caller) && !is_within_announced(self, caller) ? self : nullptr;
    if (scope.self == nullptr) return;
    if (loiter_modules_changed != 0 && process != nullptr) note_module_of(request.object);

    const Wait& wait = self->wait;
    scope.nested = wait.kind.load(std::memory_order_relaxed) == WaitKind::kNone ? is_being_written(self)
                                                                                : is_interrupted(self, caller);
    if (scope.nested) save(scope, self);
    publish_new(self, request, caller);
}

void end_wait(WaitScope& scope) {
    if (scope.self == nullptr) return;
    Wait& wait = scope.self->wait;
    const bool is_outermost = begin_own_write(scope.self);
    if (scope.nested) {
        // A new serial: between the two looks of a reader this thread has run.
        scope.serial = wait.serial.load(std::memory_order_relaxed) + 1;
        publish(scope.self, scope);
    } else {
        wait.kind.store(WaitKind::kNone, std::memory_order_relaxed);
    }
    protocol::end_write(scope.self->sequence, is_outermost);
}

/// Personality of loiter_call_in_wait.
extern "C" __attribute__((visibility("hidden"))) _Unwind_Reason_Code loiter_unwind_wait(int, _Unwind_Action actions,
                                                                                        _Unwind_Exception_Class,
                                                                                        _Unwind_Exception*,
                                                                                        _Unwind_Context*) {
    const uintptr_t record = current_record;
    if ((actions & _UA_CLEANUP_PHASE) == 0 || record == 0 || (record & 1) != 0) return _URC_CONTINUE_UNWIND;
    auto* const self = reinterpret_cast<ThreadRecord*>(record);
    Wait& wait = self->wait;
    if ((actions & _UA_FORCE_UNWIND) != 0 && wait.kind.load(std::memory_order_relaxed) == WaitKind::kCondition) {
        take_back(self, find_hold(self, wait.detail.load(std::memory_order_relaxed)),
                  wait.stack.load(std::memory_order_relaxed));
    }
    wait.kind.store(WaitKind::kNone, std::memory_order_relaxed);
    return _URC_CONTINUE_UNWIND;
}

bool copy_argument(const volatile void* from, void* to, size_t bytes) {
    const auto address = reinterpret_cast<uintptr_t>(from);
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    const ThreadRecord* const self = this_thread();
    const StackLimits own = self == nullptr ? StackLimits{0, 0} : stack_limits(self);
    const bool is_on_own_stack = own.low != 0 && here >= own.low && address >= here && address < own.high;
    if (is_on_own_stack && own.high - address >= bytes) {
        memcpy(to, reinterpret_cast<const void*>(address), bytes);
        return true;
    }
    return !is_restricted() && SafeReader().copy(address, to, bytes);
}

bool is_valid(const timespec* time) {
    return time != nullptr && time->tv_nsec >= 0 && time->tv_nsec < 1'000'000'000;
}

namespace {

int64_t nanoseconds(const timespec& time) {
    constexpr int64_t kMost = 9'000'000'000;  // seconds; keeps the product in range
    const int64_t seconds = time.tv_sec > kMost ? kMost : time.tv_sec < -kMost ? -kMost : time.tv_sec;
    return seconds * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

uint64_t deadline_of(clockid_t clock, const timespec* absolute) {
    timespec time{};
    if (!copy_argument(absolute, &time, sizeof(time)) || !is_valid(&time)) return 1;
    int64_t deadline = nanoseconds(time);
    if (clock == CLOCK_REALTIME) deadline += static_cast<int64_t>(now_ns() - realtime_ns());
    return deadline > 0 ? static_cast<uint64_t>(deadline) : 1;
}

uint64_t deadline_after(const timespec* relative) {
    timespec time{};
    if (!copy_argument(relative, &time, sizeof(time)) || !is_valid(&time)) return 1;
    return now_ns() + static_cast<uint64_t>(nanoseconds(time));
}

}  // namespace preload
