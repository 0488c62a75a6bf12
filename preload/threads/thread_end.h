// SPDX-License-Identifier: Apache-2.0
//
// How we learn that a thread has ended: a key whose destructor runs in the last round, after the
// destructors of thread-local objects and of the program's own keys, which may still lock.
#pragma once

#include "protocol/layout.h"

namespace preload {

/// Once, early: so the key is one of the first, whose values libc keeps without allocating.
void make_thread_end_key();

/// The calling thread's end will be noted in `record`.
void watch_thread_end(protocol::ThreadRecord* record);

}  // namespace preload
