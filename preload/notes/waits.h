// SPDX-License-Identifier: Apache-2.0
//
// The one current wait of a thread: published before the real call, since that may never return,
// and cleared after it. A wait inside a signal handler that interrupted a wait is put back behind.
#pragma once

#include <time.h>

#include <cstdint>

#include "preload/real.h"
#include "preload/stacks/stack_capture.h"
#include "preload/threads/this_thread.h"
#include "protocol/layout.h"

extern "C" __attribute__((visibility("hidden"))) void loiter_call_in_wait(void (*function)(void*), void* argument);

namespace preload {

using protocol::ThreadRecord;
using protocol::WaitKind;

/// What a thread is about to wait for. Zero: not applicable.
struct WaitRequest {
    WaitKind kind;
    Function function;
    uint8_t flags;
    uint32_t stack;
    uint64_t object;
    uint64_t detail;
    uint64_t deadline_ns;  ///< CLOCK_MONOTONIC; 0: untimed
};

/// Lives in the wrapper's frame for the time of the call; no destructor, which cancellation would
/// need a landing pad for: see call_in_wait.
struct WaitScope {
    ThreadRecord* self;  ///< null: nothing was published
    bool nested;
    WaitKind kind;  ///< the interrupted wait, when nested
    uint8_t flags;
    uint16_t function;
    uint32_t stack;
    uint64_t object;
    uint64_t detail;
    uint64_t since_ns;
    uint64_t deadline_ns;
    uint64_t frame;
    uint32_t serial;
    uint64_t caller;
};

/// A wait that no call of the library's stands for: the program says when it begins, and when it is over. What
/// it waits in meanwhile is part of it and not published. Nothing, while another wait is under way.
void announce_wait(ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller);

void begin_wait(WaitScope& scope, ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller);
void end_wait(WaitScope& scope);

/// The real call of a published wait. When cancellation or pthread_exit unwinds through it, the wait
/// is cleared, and the mutex of a condition wait held again, before the program's handlers run.
template <typename Call>
auto call_in_wait(Call call) {
    struct Frame {
        Call& function;
        decltype(call()) result;
    } frame{call, {}};
    loiter_call_in_wait(
        [](void* argument) {
            auto& self = *static_cast<Frame*>(argument);
            self.result = self.function();
        },
        &frame);
    return frame.result;
}

/// A wait as a whole: published, called, cleared.
template <typename Call>
auto wait_in(ThreadRecord* self, const WaitRequest& request, const CallerFrame& caller, Call call) {
    WaitScope scope;
    begin_wait(scope, self, request, caller);
    const auto result = call_in_wait(call);
    end_wait(scope);
    return result;
}

/// For deadlines that are only asked for where there is a wait: this one has none.
inline uint64_t untimed() {
    return 0;
}

/// Copies what the program's pointer points to, which may be a bad one that the kernel answers with EFAULT.
/// False: it cannot be read, or not be asked whether. A system call, but for what lies on the caller's own
/// stack, as most of it does.
bool copy_argument(const volatile void* from, void* to, size_t bytes);

/// An absolute time of `clock` as CLOCK_MONOTONIC nanoseconds; never 0. Other clocks than
/// CLOCK_REALTIME are taken for CLOCK_MONOTONIC.
/// A time that is none, or cannot be read, has passed.
uint64_t deadline_of(clockid_t clock, const timespec* absolute);
/// A time from now.
uint64_t deadline_after(const timespec* relative);
/// The same, where null stands for no bound.
inline uint64_t deadline_in(const timespec* relative) {
    return relative == nullptr ? 0 : deadline_after(relative);
}
/// For what libc reads itself before anything else.
bool is_valid(const timespec* time);

}  // namespace preload
