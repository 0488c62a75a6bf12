// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/inherited_holds.h"

#include <linux/futex.h>
#include <pthread.h>

#include "preload/notes/holds.h"
#include "preload/notes/mutex_kinds.h"
#include "preload/stacks/safe_read.h"

namespace preload {

namespace {

// libc's words of a mutex, of a rwlock and of a spin lock.
constexpr int kDestroyed = -1;
constexpr int kKernelOwned = kRobustBit | kInheritanceBit;  ///< the owner is in the word itself
constexpr uint32_t kReaderCountShift = 3;
constexpr int kSpinFree = 1;

/// The memory is the child's copy, of the moment of the fork, or what processes share. It may be gone: freed by the
/// program while the lock was held.
template <typename Lock, typename Predicate>
bool says(const Hold& hold, Predicate predicate) {
    SafeReader reader;
    Lock lock;
    return reader.copy(hold.address.load(std::memory_order_relaxed), &lock, sizeof(lock)) && predicate(lock);
}

bool is_its_own(const pthread_mutex_t& mutex, uint32_t owner) {
    const int kind = mutex.__data.__kind;
    if (kind == kDestroyed || (kind & kSharedBit) != 0) return false;
    const auto word = static_cast<uint32_t>(mutex.__data.__lock);
    if ((kind & kKernelOwned) != 0) return (word & FUTEX_TID_MASK) == owner;
    return word != 0 && static_cast<uint32_t>(mutex.__data.__owner) == owner;
}

bool is_its_own(const pthread_rwlock_t& lock, Mode mode, uint32_t owner) {
    if (lock.__data.__shared != 0) return false;
    if (mode == Mode::kShared) return lock.__data.__readers >> kReaderCountShift != 0;
    return static_cast<uint32_t>(lock.__data.__cur_writer) == owner;
}

bool is_inherited(const Hold& hold, uint32_t owner) {
    switch (hold.kind) {
        case LockKind::kMutex:
            return says<pthread_mutex_t>(hold, [=](const auto& mutex) { return is_its_own(mutex, owner); });
        case LockKind::kRwlock:
            return says<pthread_rwlock_t>(
                hold, [mode = hold.mode, owner](const auto& lock) { return is_its_own(lock, mode, owner); });
        case LockKind::kSpin: return says<int>(hold, [](int word) { return word != kSpinFree; });
        // Of std::call_once and of a static's initializer: begun, or done.
        case LockKind::kOnce: return says<int>(hold, [](int word) { return word != 0; });
        case LockKind::kCustom: return true;
        case LockKind::kNone: return false;
    }
    return false;
}

}  // namespace

void keep_inherited_holds(protocol::ThreadRecord* self) {
    const uint32_t owner = self->tid.load(std::memory_order_relaxed);
    for (Hold& hold : self->holds) {
        const HoldState state = hold.state.load(std::memory_order_relaxed);
        if (state == HoldState::kFree) continue;
        // Who forked may since wait with it, or have begun to let it go.
        const bool was_held = state == HoldState::kHeld || state == HoldState::kLent || state == HoldState::kReleasing;
        if (!was_held || !is_inherited(hold, owner)) {
            drop(self, &hold);
            continue;
        }
        hold.state.store(HoldState::kHeld, std::memory_order_relaxed);
        if (hold.kind == LockKind::kSpin || hold.kind == LockKind::kCustom) hold.detail |= protocol::kHoldInherited;
    }
}

}  // namespace preload
