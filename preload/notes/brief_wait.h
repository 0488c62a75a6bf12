// SPDX-License-Identifier: Apache-2.0
//
// The wait of a call that mostly need not wait: I/O, file locks, children. Nothing tells beforehand, and to
// try first would be another system call, so every call is published, as cheaply as can be: plain stores
// and the clock's tick, no system call. Reading a byte from a ready pipe (192 ns) becomes 1.02 times as
// long by the stores, 1.04 with the tick; with the stack 1.08 at the bottom and 1.11 under 15 frames. The
// stack is what a killed process is understood by, so a thread that makes up to kStacksPerTick such calls
// in a tick has it every time; one that makes more has better to do, and for the rest of the tick only the
// calling line is noted. So a loop that does nothing but read takes 1.02 to 1.05 times as long.
#pragma once

#include "preload/notes/waits.h"
#include "preload/process/recording.h"

namespace preload {

/// A wait for I/O on a descriptor, or on none, without a bound.
inline WaitRequest io_on(Function function, int descriptor) {
    return {WaitKind::kIo, function, 0, 0, 0, static_cast<uint32_t>(descriptor), 0};
}
inline WaitRequest io_on_none(Function function) {
    return {WaitKind::kIo, function, 0, 0, 0, protocol::kNoDescriptor, 0};
}

/// The first half of the wait; none is published, and the thread is not writing its record.
void publish_briefly(ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller);

/// As wait_in. In a raw clone that shares its creator's memory the wait is noted as the creator's, which mostly
/// stands still meanwhile, as the kernel tells the reader: to ask who we are would be a system call.
template <typename Call>
auto call_briefly(const WaitRequest& request, const CallerFrame& caller, Call call) -> decltype(call()) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || process == nullptr) return call();
    const bool is_first = self->wait.kind.load(std::memory_order_relaxed) == WaitKind::kNone &&
                          (self->sequence.load(std::memory_order_relaxed) & 1) == 0;
    if (__builtin_expect(!is_first, 0)) {  // a signal handler interrupts a wait, or left one behind
        WaitRequest nested = request;
        nested.stack = capture_stack(caller, stack_limits(self));
        return wait_in(self, nested, caller, call);
    }
    publish_briefly(self, request, caller);
    const auto result = call_in_wait(call);
    // Release: who sees the wait's words change sees that it is over.
    self->wait.kind.store(WaitKind::kNone, std::memory_order_release);
    return result;
}

/// The same of an output, which rarely waits: a child of fork that does no more than to write, before it ends
/// or becomes another program, is not worth a recording, which takes longer than it may live.
template <typename Call>
auto write_briefly(const WaitRequest& request, const CallerFrame& caller, Call call) -> decltype(call()) {
    if (__builtin_expect(is_unseen_child(), 0)) return call();
    return call_briefly(request, caller, call);
}

}  // namespace preload
