// SPDX-License-Identifier: Apache-2.0
//
// Transfers that a signal cut short: write and send on a full pipe or socket return what they had
// moved by then, where an undisturbed call returns all of it.
#pragma once

#include <ucontext.h>

namespace preload {

/// The call that `number` and `registers` describe has returned less than it was asked for, on a
/// descriptor where nothing but a signal does that. A signal handler's: system calls only.
bool is_cut_short(long number, const greg_t* registers);

}  // namespace preload
