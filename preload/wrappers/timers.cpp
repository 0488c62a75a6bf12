// SPDX-License-Identifier: Apache-2.0
//
// Timers and cancellation, which could wake a thread without a lock: noted, and forwarded.
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "preload/notes/wakers.h"
#include "preload/real.h"

namespace preload {

namespace {

bool is_set(const timeval& time) {
    return time.tv_sec != 0 || time.tv_usec != 0;
}

template <typename Call>
int make_timer(const sigevent* event, Call call) {
    const bool wakes = event == nullptr || event->sigev_notify != SIGEV_NONE;
    const int result = call();
    if (result == 0 && wakes) note_waker(protocol::kWakerTimer);
    return result;
}

}  // namespace

extern "C" {

EXPORTED int setitimer(__itimer_which_t which, const itimerval* value, itimerval* before) noexcept {
    const int result = real::setitimer(which, value, before);
    if (result == 0 && value != nullptr && is_set(value->it_value)) note_waker(protocol::kWakerTimer);
    return result;
}

EXPORTED unsigned int alarm(unsigned int seconds) noexcept {
    const unsigned int left = real::alarm(seconds);
    if (seconds != 0) note_waker(protocol::kWakerTimer);
    return left;
}

EXPORTED useconds_t ualarm(useconds_t value, useconds_t interval) noexcept {
    const useconds_t left = real::ualarm(value, interval);
    if (value != 0) note_waker(protocol::kWakerTimer);
    return left;
}

EXPORTED int timer_create_new(clockid_t clock, sigevent* event, timer_t* timer) noexcept {
    return make_timer(event, [=] { return real::timer_create_new(clock, event, timer); });
}

EXPORTED int timer_create_mid(clockid_t clock, sigevent* event, timer_t* timer) noexcept {
    return make_timer(event, [=] { return real::timer_create_mid(clock, event, timer); });
}

EXPORTED int timer_create_old(clockid_t clock, sigevent* event, timer_t* timer) noexcept {
    return make_timer(event, [=] { return real::timer_create_old(clock, event, timer); });
}

EXPORTED int pthread_cancel(pthread_t thread) {
    // Before: the thread may be on its way when the call returns.
    note_waker(protocol::kWakerCancel);
    return real::pthread_cancel(thread);
}

}  // extern "C"

EXPORT_VERSION(timer_create, new, "@@GLIBC_2.34");
EXPORT_VERSION(timer_create, mid, "@GLIBC_2.3.3");
EXPORT_VERSION(timer_create, old, "@GLIBC_2.2.5");

}  // namespace preload
