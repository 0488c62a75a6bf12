// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/takes.h"

#include "preload/notes/last_signal.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace {

void note(protocol::SignalKind kind, uint64_t object, const CallerFrame& caller) {
    if (protocol::ThreadRecord* const self = this_thread())
        note_signal(self, kind, object, capture_stack(caller, stack_limits(self)), now_ns());
}

}  // namespace

void note_take(uint64_t object, const CallerFrame& caller) {
    note(protocol::SignalKind::kTake, object, caller);
}

void note_give_back(uint64_t object, const CallerFrame& caller) {
    note(protocol::SignalKind::kPost, object, caller);
}

}  // namespace preload
