// SPDX-License-Identifier: Apache-2.0
//
// The grace time at the end of the process. For its program the process is over: without the library it would be gone,
// with the status that it ends with. What other threads do from then on must not change that.
#pragma once

namespace preload {

/// This thread ends the process.
void begin_grace();

/// Other threads are left. One that fails stays where it is, and a signal that asks the process to end only ends the
/// grace time; both where the program has no handler of its own. Nobody can cancel this thread any more. Call
/// lift_grace when the grace time is over.
void guard_grace();
void lift_grace();

/// In a child of fork: the grace time was its parent's.
void forget_grace();

/// Whoever is in a hurry has said that the grace time is over.
bool is_grace_over();

/// Another thread ends the process, and waits for those that are left.
bool must_stay();

/// A call that ends a thread comes here first: where it is the one that ends the process, a handler of the program has
/// interrupted its waiting, and the process ends as it was about to.
void leave_grace();

/// Every call that would end the process comes here first. As leave_grace; a thread that must stay stays until the
/// process is gone; it returns only when that does not happen, as libc's flushing of streams may last for ever.
void stay_if_over();

}  // namespace preload
