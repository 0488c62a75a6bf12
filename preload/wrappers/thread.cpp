// SPDX-License-Identifier: Apache-2.0
//
// Thread wrappers, of pthread and of C11: who created whom and where, and what became of them. A
// thrd_t is a pthread_t; libc's C11 functions call its pthread ones past any wrapper.
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <threads.h>

#include "preload/notes/holds.h"
#include "preload/notes/waits.h"
#include "preload/process/clock.h"
#include "preload/process/grace.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/stacks/modules.h"
#include "preload/stacks/safe_read.h"
#include "preload/stacks/stack_capture.h"
#include "preload/threads/thread_end.h"
#include "preload/threads/thread_id.h"
#include "preload/threads/thread_slots.h"

namespace preload {

using protocol::Origin;

namespace {

/// libc puts the thread's descriptor at the top of its stack, whoever allocated it.
void note_stack(ThreadRecord* self, uint64_t bytes) {
    const auto high = static_cast<uint64_t>(pthread_self());
    self->stack_high.store(high, std::memory_order_relaxed);
    self->stack_low.store(bytes < high ? high - bytes : 0, std::memory_order_relaxed);
}

/// Its creator may name it meanwhile, and has then noted that name before the kernel's was asked for, or
/// notes it after: whichever of both is written last here is the kernel's.
void note_own_name(ThreadRecord* self) {
    constexpr int kLooks = 8;
    uint64_t name[2] = {0, 0};
    uint64_t noted[2];
    if (raw_syscall(SYS_prctl, PR_GET_NAME, as_argument(name)) != 0) return;
    for (int looks = 0; looks < kLooks; ++looks) {
        set_name(self, reinterpret_cast<const char*>(name));
        std::atomic_thread_fence(std::memory_order_seq_cst);  // the kernel is asked after the name is there
        memcpy(noted, name, sizeof(name));
        raw_syscall(SYS_prctl, PR_GET_NAME, as_argument(name));
        if (memcmp(noted, name, sizeof(name)) == 0) return;
    }
}

/// First of all in a thread that was created here.
void enter_thread(ThreadRecord* self) {
    const uint64_t stack_bytes = self->stack_low.load(std::memory_order_relaxed);
    self->tid.store(thread_id(), std::memory_order_relaxed);
    // Release: what this thread unmaps later is unmapped after it; see note_handle.
    self->handle.store(pthread_self(), std::memory_order_release);
    note_stack(self, stack_bytes);
    note_own_name(self);
    current_record = reinterpret_cast<uintptr_t>(self);
    watch_thread_end(self);
    advance_life(self, protocol::kLifeStarted);
}

void note_exiting() {
    leave_grace();
    if (ThreadRecord* const self = this_thread()) advance_life(self, protocol::kLifeExiting);
}

/// Start routine, pthread's or C11's, of every thread that is created here.
template <typename Result>
Result run_thread(void* argument) {
    auto* const self = static_cast<ThreadRecord*>(argument);
    enter_thread(self);
    auto* const start = reinterpret_cast<Result (*)(void*)>(self->start_routine.load(std::memory_order_relaxed));
    const Result result = start(reinterpret_cast<void*>(self->start_argument.load(std::memory_order_relaxed)));
    note_exiting();
    return result;
}

uint64_t stack_bytes_of(const pthread_attr_t* attributes) {
    pthread_attr_t defaults;
    size_t bytes = 0;
    if (attributes != nullptr) {
        pthread_attr_getstacksize(attributes, &bytes);
    } else if (pthread_attr_init(&defaults) == 0) {
        pthread_attr_getstacksize(&defaults, &bytes);
        pthread_attr_destroy(&defaults);
    }
    return bytes;
}

bool is_detached(const pthread_attr_t* attributes) {
    int state = PTHREAD_CREATE_JOINABLE;
    return attributes != nullptr && pthread_attr_getdetachstate(attributes, &state) == 0 &&
           state == PTHREAD_CREATE_DETACHED;
}

/// As the kernel does. Asked in the new thread, it tells more: who creates it may have a name that nobody has noted.
void pass_name_on(const ThreadRecord* self, ThreadRecord* child) {
    for (size_t i = 0; i < 2; ++i)
        child->name[i].store(self->name[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
}

/// What the program said of the threads that this one creates.
void pass_on(ThreadRecord* self, ThreadRecord* child) {
    child->label.store(self->label.load(std::memory_order_relaxed), std::memory_order_relaxed);
    if ((self->remarks.load(std::memory_order_relaxed) & protocol::kRemarkNextExpected) == 0) return;
    self->remarks.fetch_and(~protocol::kRemarkNextExpected, std::memory_order_relaxed);
    child->remarks.store(protocol::kRemarkExpected, std::memory_order_relaxed);
}

ThreadRecord* prepare_thread(ThreadRecord* self, const pthread_attr_t* attributes, uintptr_t start, void* argument,
                             const CallerFrame& caller) {
    note_module_of(start);
    ThreadRecord* const child = take_slot(Origin::kCreated);
    if (child == nullptr) return nullptr;
    child->created_by.store(self->number.load(std::memory_order_relaxed), std::memory_order_relaxed);
    child->created_stack.store(capture_stack(caller, stack_limits(self)), std::memory_order_relaxed);
    child->created_ns.store(now_ns(), std::memory_order_relaxed);
    child->start_routine.store(start, std::memory_order_relaxed);
    child->start_argument.store(reinterpret_cast<uintptr_t>(argument), std::memory_order_relaxed);
    child->stack_low.store(stack_bytes_of(attributes), std::memory_order_relaxed);
    pass_on(self, child);
    if (is_restricted()) pass_name_on(self, child);
    if (is_detached(attributes)) advance_life(child, protocol::kLifeDetached);
    return child;
}

/// The thread never came to be: its slot goes back, its number stays unused.
void discard_thread(ThreadRecord* child) {
    advance_life(child, protocol::kLifeFinished | protocol::kLifeDetached);
}

/// For a join or detach that comes before the child's first instruction. Once it runs, the memory of
/// `thread` may be gone, and the child has noted its handle itself.
void note_handle(ThreadRecord* child, const pthread_t* thread) {
    if (!is_readable(reinterpret_cast<uintptr_t>(thread))) return;
    uint64_t unset = 0;
    if (child->handle.load(std::memory_order_acquire) != unset) return;
    child->handle.compare_exchange_strong(unset, *thread, std::memory_order_relaxed);
}

/// A record looked up by its pthread_t before the call that ends the use of that: a pthread_t may be
/// reused at once after it.
struct Found {
    ThreadRecord* thread;  ///< null: no record
    uint32_t number;

    explicit Found(ThreadRecord* record)
        : thread(record), number(record == nullptr ? 0 : record->number.load(std::memory_order_relaxed)) {}

    /// Of a thread made here: the slot is its own until it is joined or detached. Adopted threads give
    /// theirs back at their end, and it may be another's by now.
    void advance(uint32_t bits) const {
        if (thread == nullptr || thread->number.load(std::memory_order_relaxed) != number ||
            thread->origin.load(std::memory_order_relaxed) == Origin::kAdopted)
            return;
        advance_life(thread, bits);
    }
};

template <typename Call>
int create_unrecorded(Call call) {
    const int error = call();
    if (error != 0) forget_lost_creation();
    return error;
}

/// `call` is the real function with another start routine and argument.
template <typename Result, typename Call>
int create_thread(pthread_t* thread, const pthread_attr_t* attributes, Result (*start)(void*), void* argument,
                  const CallerFrame& caller, Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return call(start, argument);
    self = ensure_recording(self);
    if (process == nullptr) return call(start, argument);
    ThreadRecord* const child = prepare_thread(self, attributes, reinterpret_cast<uintptr_t>(start), argument, caller);
    if (child == nullptr) return create_unrecorded([=] { return call(start, argument); });
    const uint32_t number = child->number.load(std::memory_order_relaxed);
    const int error = call(run_thread<Result>, static_cast<void*>(child));
    if (error != 0) {
        discard_thread(child);
    } else if (!is_detached(attributes) && child->number.load(std::memory_order_relaxed) == number) {
        note_handle(child, thread);
    }
    return error;
}

/// Noted before the call: a detached thread's descriptor may be gone when it returns.
void note_detach(pthread_t thread) {
    if (this_thread() != nullptr) Found(record_of(thread)).advance(protocol::kLifeDetached);
}

template <typename Deadline, typename Call>
int join(pthread_t thread, Function function, const CallerFrame& caller, Deadline deadline, Call call) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || process == nullptr) return call();
    Found joined(record_of(thread));
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    const int error =
        wait_in(self, {WaitKind::kJoin, function, 0, stack, thread, joined.number, deadline()}, caller, call);
    if (error == 0 && joined.thread == nullptr) joined = Found(finished_record_of(thread));
    if (error == 0) joined.advance(protocol::kLifeJoined);
    return error;
}

}  // namespace

extern "C" {

EXPORTED int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                            void* argument) noexcept {
    return create_thread(thread, attributes, start, argument, CALLER_FRAME, [=](void* (*routine)(void*), void* with) {
        return real::pthread_create(thread, attributes, routine, with);
    });
}

EXPORTED int pthread_join(pthread_t thread, void** result) {
    return join(thread, Function::k_pthread_join, CALLER_FRAME, untimed,
                [=] { return real::pthread_join(thread, result); });
}

EXPORTED int pthread_timedjoin_np(pthread_t thread, void** result, const timespec* deadline) {
    return join(
        thread, Function::k_pthread_timedjoin_np, CALLER_FRAME,
        [=] { return deadline == nullptr ? 0 : deadline_of(CLOCK_REALTIME, deadline); },
        [=] { return real::pthread_timedjoin_np(thread, result, deadline); });
}

EXPORTED int pthread_clockjoin_np(pthread_t thread, void** result, clockid_t clock, const timespec* deadline) {
    return join(
        thread, Function::k_pthread_clockjoin_np, CALLER_FRAME,
        [=] { return deadline == nullptr ? 0 : deadline_of(clock, deadline); },
        [=] { return real::pthread_clockjoin_np(thread, result, clock, deadline); });
}

EXPORTED int pthread_tryjoin_np(pthread_t thread, void** result) noexcept {
    const Found joined(this_thread() == nullptr ? nullptr : record_of(thread));
    const int error = real::pthread_tryjoin_np(thread, result);
    if (error == 0) joined.advance(protocol::kLifeJoined);
    return error;
}

EXPORTED int pthread_detach(pthread_t thread) noexcept {
    note_detach(thread);
    return real::pthread_detach(thread);
}

EXPORTED void pthread_exit(void* result) {
    note_exiting();
    real::pthread_exit(result);
    __builtin_unreachable();
}

EXPORTED int pthread_setname_np(pthread_t thread, const char* name) noexcept {
    ThreadRecord* const self = this_thread();
    ThreadRecord* const named = self == nullptr ? nullptr : thread == pthread_self() ? self : record_of(thread);
    const int error = real::pthread_setname_np(thread, name);
    if (error == 0 && named != nullptr) set_name(named, name);
    return error;
}

EXPORTED int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
    return create_thread(thread, nullptr, start, argument, CALLER_FRAME,
                         [=](thrd_start_t routine, void* with) { return real::thrd_create(thread, routine, with); });
}

EXPORTED int thrd_join(thrd_t thread, int* result) {
    return join(thread, Function::k_thrd_join, CALLER_FRAME, untimed, [=] { return real::thrd_join(thread, result); });
}

EXPORTED int thrd_detach(thrd_t thread) {
    note_detach(thread);
    return real::thrd_detach(thread);
}

EXPORTED void thrd_exit(int result) {
    note_exiting();
    real::thrd_exit(result);
    __builtin_unreachable();
}

}  // extern "C"

}  // namespace preload
