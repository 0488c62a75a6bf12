// SPDX-License-Identifier: Apache-2.0
//
// The grace time at the end of the process. For its program the process is over: without the library it would be gone,
// with the status that it ends with. What other threads do from then on must not change that.
#pragma once

namespace preload {

/// This thread ends the process.
void begin_grace();

/// Other threads are left. One that fails stays where it is, and a signal that asks the process to end only ends the
/// grace time; both where the program has no handler of its own. Call lift_grace when the grace time is over.
void guard_grace();
void lift_grace();

/// Whoever is in a hurry has said that the grace time is over.
bool is_grace_over();

/// Every call that would end the process comes here first. Where another thread has ended it, and waits for those that
/// are left, it stays until the process is gone; it returns only when that does not happen, as libc's flushing of
/// streams may last for ever.
void stay_if_over();

}  // namespace preload
