// SPDX-License-Identifier: Apache-2.0
//
// For what needs more stack than a caller can be asked to have: a fiber's may be as small as the program's own
// frames are, and nobody knows where it ends. Runs wherever a wrapper runs, children of vfork included: no lock,
// no heap; two system calls; errno untouched.
#pragma once

namespace preload {

/// Calls `function(argument)` on a stack of ours of kScratchBytes. Meanwhile every signal is blocked: a handler of
/// the program would find a stack that is not its own, might leave it for good, and a fault is the end of the
/// process; so nothing is touched there that may not be there. Where there is no such stack, on the caller's.
void on_scratch_stack(void (*function)(void*), void* argument);

inline constexpr unsigned long kScratchBytes = 8192;

template <typename Function>
void on_scratch_stack(Function function) {
    on_scratch_stack([](void* it) { (*static_cast<Function*>(it))(); }, &function);
}

/// In a child of fork: those that its parent's other threads were on are free.
void free_scratch_stacks();

}  // namespace preload
