// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that wait for a signal. All are cancellation points.
#include <signal.h>
#include <unistd.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"
#include "preload/stacks/safe_read.h"

namespace preload {

namespace {

/// 0: not known.
uint64_t signals_in(const sigset_t* set) {
    uint64_t bits = 0;
    return copy_argument(set, &bits, sizeof(bits)) ? bits : 0;
}

template <typename Call>
int wait_for_signal(Function function, uint64_t signals, uint64_t deadline_ns, const CallerFrame& caller, Call call) {
    return call_briefly({WaitKind::kSignal, function, 0, 0, 0, signals, deadline_ns}, caller, call);
}

}  // namespace

extern "C" {

EXPORTED int pause() {
    return wait_for_signal(Function::k_pause, 0, 0, CALLER_FRAME, [] { return real::pause(); });
}

EXPORTED int sigsuspend(const sigset_t* mask) {
    const uint64_t blocked = signals_in(mask);
    return wait_for_signal(Function::k_sigsuspend, ~blocked, 0, CALLER_FRAME, [=] { return real::sigsuspend(mask); });
}

EXPORTED int sigwait(const sigset_t* set, int* signal) {
    return wait_for_signal(Function::k_sigwait, signals_in(set), 0, CALLER_FRAME,
                           [=] { return real::sigwait(set, signal); });
}

EXPORTED int sigwaitinfo(const sigset_t* set, siginfo_t* info) {
    return wait_for_signal(Function::k_sigwaitinfo, signals_in(set), 0, CALLER_FRAME,
                           [=] { return real::sigwaitinfo(set, info); });
}

EXPORTED int sigtimedwait(const sigset_t* set, siginfo_t* info, const timespec* timeout) {
    return wait_for_signal(Function::k_sigtimedwait, signals_in(set), deadline_in(timeout), CALLER_FRAME,
                           [=] { return real::sigtimedwait(set, info, timeout); });
}

}  // extern "C"

}  // namespace preload
