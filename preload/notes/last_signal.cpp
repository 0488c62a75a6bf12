// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/last_signal.h"

#include "preload/threads/thread_slots.h"

namespace preload {

void detail::mark_held_mutexes(const ThreadRecord* self) {
    constexpr uint32_t kMostThreads = 32;
    constexpr uint32_t kMostHolds = 8;
    if (process == nullptr) return;
    for (uint32_t i = 0; i < kMostThreads; ++i) {
        ThreadRecord* const other = thread_slot(i);
        if (other == nullptr) return;
        if (other == self || other->number.load(std::memory_order_relaxed) == 0) continue;
        uint32_t end = other->hold_hint.load(std::memory_order_relaxed);
        if (end > kMostHolds) end = kMostHolds;
        for (uint32_t j = 0; j < end; ++j) {
            Hold& hold = other->holds[j];
            if (hold.kind == LockKind::kMutex && hold.state.load(std::memory_order_relaxed) == HoldState::kHeld)
                __atomic_fetch_or(&hold.detail, protocol::kHoldSignalled, __ATOMIC_RELAXED);
        }
    }
}

}  // namespace preload
