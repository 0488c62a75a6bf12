// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the functions that set a signal's action. They note that the program has a handler,
// and keep our own on the report signal out of its sight: that one looks like SIG_DFL, and makes way
// for whatever else the program sets.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "preload/notes/wakers.h"
#include "preload/real.h"
#include "preload/report/report_signal.h"
#include "protocol/layout.h"

namespace preload {

namespace {

using Handler = sighandler_t;

bool is_function(Handler handler) {
    return handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR && handler != SIG_HOLD;
}

bool is_ours(Handler handler) {
    return is_report_handler(reinterpret_cast<const void*>(handler));
}

/// As libc's sigaction does; beyond the kernel's part of the mask that leaves what was on its stack.
void show(const HiddenAction& hidden, struct sigaction* before) {
    if (before == nullptr) return;
    before->sa_handler = SIG_DFL;
    memset(&before->sa_mask, 0, sizeof(before->sa_mask));
    memcpy(&before->sa_mask, &hidden.mask, sizeof(hidden.mask));
    before->sa_flags = static_cast<int>(hidden.flags);
    before->sa_restorer = reinterpret_cast<void (*)()>(hidden.restorer);
}

HiddenAction hidden_form_of(const struct sigaction& action) {
    HiddenAction hidden{static_cast<uint32_t>(action.sa_flags), 0, hidden_action().restorer};
    memcpy(&hidden.mask, &action.sa_mask, sizeof(hidden.mask));
    return hidden;
}

void note_handler(int signal) {
    note_waker(protocol::kWakerHandler);
    if (is_report_signal_installed()) watch_return_from(signal);
}

/// Of others libc refuses the call before it looks at what it was given. Between the kernel's and the program's
/// are libc's own.
bool has_action(int signal) {
    return signal > 0 && signal < _NSIG && (signal < __SIGRTMIN || signal >= SIGRTMIN);
}

template <typename Real>
int change_action(int signal, const struct sigaction* action, struct sigaction* before, Real real) {
    if (!has_action(signal)) return real(signal, action, before);
    const bool installs = action != nullptr && is_function(action->sa_handler);
    if (!is_report_signal(signal)) {
        const int result = real(signal, action, before);
        if (result != 0) return result;
        // In a child of vfork, whose actions are its own while its memory is not.
        if (before != nullptr && is_ours(before->sa_handler)) show(hidden_action(), before);
        if (before != nullptr) {
            before->sa_restorer =
                reinterpret_cast<void (*)()>(shown_restorer(reinterpret_cast<uintptr_t>(before->sa_restorer)));
        }
        if (installs) note_handler(signal);
        return result;
    }
    const HiddenAction hidden = hidden_action();
    if (action == nullptr || action->sa_handler == SIG_DFL) {
        if (action != nullptr) hide_action(hidden_form_of(*action));
        show(hidden, before);
        return 0;
    }
    const bool gave_up = give_up_report_signal(signal);
    const int result = real(signal, action, before);
    if (result != 0) {
        if (gave_up) take_back_report_signal();
        return result;
    }
    if (gave_up) show(hidden, before);
    if (installs) note_handler(signal);
    return result;
}

/// What signal and its kin do: `flags` and `mask` are theirs.
template <typename Real>
Handler set_handler(int signal, Handler handler, uint64_t flags, uint64_t mask, Real real) {
    if (is_report_signal(signal) && handler == SIG_DFL) {
        hide_action({flags, mask, hidden_action().restorer});
        return SIG_DFL;
    }
    const bool gave_up = handler != SIG_ERR && handler != SIG_HOLD && give_up_report_signal(signal);
    const Handler before = real(signal, handler);
    if (before == SIG_ERR) {
        if (gave_up) take_back_report_signal();
        return before;
    }
    if (is_function(handler)) note_handler(signal);
    return is_ours(before) ? SIG_DFL : before;
}

uint64_t bit_of(int signal) {
    return signal > 0 && signal <= 64 ? uint64_t{1} << (signal - 1) : 0;
}

}  // namespace

extern "C" {

EXPORTED int sigaction(int signal, const struct sigaction* action, struct sigaction* before) noexcept {
    return change_action(signal, action, before, real::sigaction);
}

EXPORTED int __sigaction(int signal, const struct sigaction* action, struct sigaction* before) noexcept {
    return change_action(signal, action, before, real::__sigaction);
}

EXPORTED Handler signal(int signal, Handler handler) noexcept {
    return set_handler(signal, handler, SA_RESTART, bit_of(signal), real::signal);
}

EXPORTED Handler ssignal(int signal, Handler handler) noexcept {
    return set_handler(signal, handler, SA_RESTART, bit_of(signal), real::ssignal);
}

EXPORTED Handler bsd_signal(int signal, Handler handler) noexcept {
    return set_handler(signal, handler, SA_RESTART, bit_of(signal), real::bsd_signal);
}

EXPORTED Handler sysv_signal(int signal, Handler handler) noexcept {
    return set_handler(signal, handler, SA_RESETHAND | SA_NODEFER, 0, real::sysv_signal);
}

EXPORTED Handler __sysv_signal(int signal, Handler handler) noexcept {
    return set_handler(signal, handler, SA_RESETHAND | SA_NODEFER, 0, real::__sysv_signal);
}

EXPORTED int sigignore(int signal) noexcept {
    const bool gave_up = give_up_report_signal(signal);
    const int result = real::sigignore(signal);
    if (result != 0 && gave_up) take_back_report_signal();
    return result;
}

EXPORTED Handler sigset(int signal, Handler handler) noexcept {
    if (handler != SIG_DFL || !is_report_signal(signal)) {
        return set_handler(signal, handler, 0, 0, real::sigset);
    }
    // Beside the action it unblocks the signal, and tells whether it was blocked.
    sigset_t only;
    sigset_t before;
    sigemptyset(&only);
    sigaddset(&only, signal);
    if (sigprocmask(SIG_UNBLOCK, &only, &before) != 0) return SIG_ERR;
    hide_action({0, 0, hidden_action().restorer});
    return sigismember(&before, signal) == 1 ? SIG_HOLD : SIG_DFL;
}

EXPORTED int siginterrupt(int signal, int interrupts) noexcept {
    const bool is_hidden = is_report_signal(signal);
    const int result = real::siginterrupt(signal, interrupts);  // what libc's signal does later depends on it
    if (result == 0 && !is_hidden && is_report_signal_installed()) watch_return_from(signal);  // SA_RESTART changed
    if (result != 0 || !is_hidden) return result;
    restore_report_signal();
    HiddenAction hidden = hidden_action();
    hidden.flags = interrupts != 0 ? hidden.flags & ~uint64_t{SA_RESTART} : hidden.flags | SA_RESTART;
    hide_action(hidden);
    return result;
}

}  // extern "C"

}  // namespace preload
