// SPDX-License-Identifier: Apache-2.0
//
// Barrier wrappers. A barrier has no owner: what is noted is who waits and for how many. Neither
// call is a cancellation point.
#include <pthread.h>
#include <string.h>

#include "preload/notes/holds.h"
#include "preload/notes/waits.h"
#include "preload/notes/wakers.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/stack_capture.h"

namespace preload {

namespace {

/// libc's own word of a barrier: the third of `struct pthread_barrier` in its internaltypes.h (in,
/// current_round, count), laid out so since 2.25 and never written after the barrier was made.
uint32_t parties_of(const pthread_barrier_t* barrier) {
    constexpr size_t kCountOffset = 8;
    uint32_t count;
    memcpy(&count, barrier->__size + kCountOffset, sizeof(count));
    return count;
}

template <typename Call>
int wait_at_barrier(const pthread_barrier_t* barrier, Function function, const CallerFrame& caller, Call call) {
    ThreadRecord* self = this_thread();
    if (self == nullptr) return call();
    const uint32_t parties = parties_of(barrier);
    if (parties == 1) return call();  // it need not wait
    self = ensure_recording(self);
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    return wait_in(self, {WaitKind::kBarrier, function, 0, stack, address_of(barrier), parties, 0}, caller, call);
}

}  // namespace

extern "C" {

EXPORTED int pthread_barrier_init(pthread_barrier_t* barrier, const pthread_barrierattr_t* attributes,
                                  unsigned int count) noexcept {
    const int error = real::pthread_barrier_init(barrier, attributes, count);
    if (error == 0) note_if_shared(attributes, pthread_barrierattr_getpshared);
    return error;
}

EXPORTED int pthread_barrier_wait(pthread_barrier_t* barrier) noexcept {
    return wait_at_barrier(barrier, Function::k_pthread_barrier_wait, CALLER_FRAME,
                           [=] { return real::pthread_barrier_wait(barrier); });
}

/// libc waits here, without a bound, for threads that have come and not left.
EXPORTED int pthread_barrier_destroy(pthread_barrier_t* barrier) noexcept {
    if (process == nullptr) return real::pthread_barrier_destroy(barrier);
    return wait_at_barrier(barrier, Function::k_pthread_barrier_destroy, CALLER_FRAME,
                           [=] { return real::pthread_barrier_destroy(barrier); });
}

}  // extern "C"

}  // namespace preload
