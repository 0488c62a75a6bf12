// SPDX-License-Identifier: Apache-2.0
//
// The signal that asks a plainly preloaded process for a report (SIGUSR1). Ours only while the
// program leaves it at its default, which is also all that the program is told of it; given up for
// good when the program installs an action of its own. Raw system calls, async-signal-safe.
#pragma once

#include <signal.h>

#include <cstdint>

namespace preload {

/// Puts our handler in, if the signal has its default action. Call when the recording exists.
void install_report_signal(int signal);

/// After fork: an installation that another thread had under way is nobody's now.
void forget_unfinished_installation();

/// The program's view of an action in whose place ours is.
struct HiddenAction {
    uint64_t flags;
    uint64_t mask;
    uintptr_t restorer;
};

/// Ours stands for `signal` in this very process: the program must be told otherwise.
bool is_report_signal(int signal);
/// What the program last set, always with SIG_DFL, and the same noted anew.
HiddenAction hidden_action();
void hide_action(const HiddenAction& action);

/// The program takes the signal over, or failed to: true if ours was there.
bool give_up_report_signal(int signal);
void take_back_report_signal();
/// The kernel was given our handler with other flags: puts the right ones back.
void restore_report_signal();

/// The program has set the action of `signal`: its handlers are to return by resumed_call.S, so that
/// a call which they interrupted is not resumed. Only while our own handler is in.
bool is_report_signal_installed();
void watch_return_from(int signal);
/// What the program is to see as an action's sa_restorer.
uintptr_t shown_restorer(uintptr_t restorer);

/// `handler` is ours, as a raw query tells.
bool is_report_handler(const void* handler);

}  // namespace preload
