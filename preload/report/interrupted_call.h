// SPDX-License-Identifier: Apache-2.0
//
// Takes up again the system call that our own signal has interrupted, so that the program never
// learns of it: same call, same arguments, but for the time that is left.
#pragma once

#include <signal.h>
#include <ucontext.h>

namespace preload {

/// To be called last in a handler that has blocked all signals: changes what the return from it goes
/// on with. EINTR stays where a signal of the program interrupts the call as well, and where it is
/// not known which call it was.
void resume_interrupted_call(siginfo_t* info, ucontext_t& context);

}  // namespace preload
