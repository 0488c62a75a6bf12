// SPDX-License-Identifier: Apache-2.0
//
// What the calling thread's wrapper published of the system call that a signal has interrupted.
#pragma once

#include <cstdint>

#include "preload/this_thread.h"
#include "protocol/layout.h"

namespace preload {

/// The wait whose wrapper called, over libc's own short frames, what is interrupted at stack pointer
/// `sp`; null: none did. A signal's frame alone is larger, so the call of a handler that interrupted
/// the wait is not taken for it; nor is a wait that longjmp left behind.
inline const protocol::Wait* published_wait(uintptr_t sp) {
    constexpr uint64_t kMostBetween = 768;
    const uintptr_t record = current_record;
    if (record == 0 || (record & 1) != 0) return nullptr;
    const protocol::Wait& wait = reinterpret_cast<const protocol::ThreadRecord*>(record)->wait;
    const uint64_t frame = wait.frame.load(std::memory_order_relaxed);
    const bool is_there = wait.kind.load(std::memory_order_relaxed) != protocol::WaitKind::kNone;
    return is_there && frame > sp && frame - sp < kMostBetween ? &wait : nullptr;
}

inline protocol::WaitKind published_wait_kind(uintptr_t sp) {
    const protocol::Wait* const wait = published_wait(sp);
    return wait == nullptr ? protocol::WaitKind::kNone : wait->kind.load(std::memory_order_relaxed);
}

}  // namespace preload
