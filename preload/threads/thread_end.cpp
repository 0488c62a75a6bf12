// SPDX-License-Identifier: Apache-2.0
#include "preload/threads/thread_end.h"

#include <limits.h>
#include <pthread.h>

#include "preload/notes/holds.h"
#include "preload/notes/lock_orders.h"
#include "preload/notes/misuse.h"
#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/threads/this_thread.h"
#include "preload/threads/thread_slots.h"

namespace preload {

using protocol::ThreadRecord;

namespace {

constexpr pthread_key_t kNoKey = ~pthread_key_t{0};
/// libc keeps the values of the first keys inside the thread; for later ones it calls calloc.
constexpr pthread_key_t kKeysWithoutHeap = 32;

constinit pthread_key_t key = kNoKey;

/// The kernel gives robust mutexes of a thread that ends to whoever comes next.
void give_up_robust_mutexes(ThreadRecord* self) {
    for (Hold& hold : self->holds) {
        const HoldState state = hold.state.load(std::memory_order_relaxed);
        const bool is_owned = state == HoldState::kHeld || state == HoldState::kReleasing;
        if (is_owned && hold.kind == LockKind::kMutex && (hold.detail & protocol::kHoldRobust) != 0) drop(self, &hold);
    }
}

void note_locks_left(ThreadRecord* self) {
    for (const Hold& hold : self->holds) {
        if (hold.state.load(std::memory_order_relaxed) != HoldState::kHeld) continue;
        note_misuse(self, protocol::MisuseKind::kExitedHolding, hold.kind, hold.address.load(std::memory_order_relaxed),
                    hold.stack.load(std::memory_order_relaxed), 0);
    }
}

/// The key's value counts the rounds: the record's address plus the round, as records are aligned.
void on_thread_end(void* value) {
    const auto word = reinterpret_cast<uintptr_t>(value);
    const uintptr_t round = word % 64 + 1;
    if (process_mark->ours == 0) return;  // a forked child's thread: find_this_thread has not seen it
    if (round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(key, reinterpret_cast<void*>(word + 1));
        return;
    }
    if ((current_record & kMayBeChild) != 0) this_thread();
    const uintptr_t record = current_record;
    if (record == 0 || (record & 1) != 0) return;
    auto* const self = reinterpret_cast<ThreadRecord*>(record);
    current_record = record | 1;
    // A cancelled wait leaves its record behind.
    self->wait.kind.store(protocol::WaitKind::kNone, std::memory_order_relaxed);
    give_up_robust_mutexes(self);
    give_back_order_block(self);
    self->finished_ns.store(now_ns(), std::memory_order_relaxed);
    // Nobody joins or detaches an adopted thread through us: its slot is free at its end.
    const bool is_adopted = self->origin.load(std::memory_order_relaxed) == protocol::Origin::kAdopted;
    if (process == nullptr) return;
    uint32_t bits = protocol::kLifeFinished | (is_adopted ? protocol::kLifeDetached : 0);
    if (!holds_nothing(self)) {
        note_locks_left(self);
        process->dead_holders.fetch_add(1, std::memory_order_relaxed);
        bits |= protocol::kLifeDiedHolding;
    }
    advance_life(self, bits);
}

}  // namespace

void make_thread_end_key() {
    pthread_key_t made;
    if (pthread_key_create(&made, on_thread_end) != 0) return;
    if (made < kKeysWithoutHeap) {
        key = made;
    } else {
        pthread_key_delete(made);
    }
}

void watch_thread_end(ThreadRecord* record) {
    if (key != kNoKey) pthread_setspecific(key, reinterpret_cast<void*>(record));
}

}  // namespace preload
