// SPDX-License-Identifier: Apache-2.0
#include "preload/threads/thread_slots.h"

#include <string.h>

#include "preload/process/recording.h"
#include "preload/threads/this_thread.h"
#include "protocol/seqlock.h"

namespace preload {

using protocol::Hold;
using protocol::HoldState;
using protocol::Origin;
using protocol::ThreadRecord;

namespace {

uint32_t index_of(const ThreadRecord* thread) {
    const auto* const first = static_cast<const ThreadRecord*>(region_address(protocol::kThreads, 0));
    return static_cast<uint32_t>(thread - first);
}

/// After fork other threads' words still hold addresses of the parent's recording.
bool is_slot_address(uintptr_t address) {
    const auto first = reinterpret_cast<uintptr_t>(region_address(protocol::kThreads, 0));
    return address >= first && address < first + uintptr_t{thread_slot_count()} * sizeof(ThreadRecord);
}

/// Treiber stack; the tag in the upper half tells a head that was popped and pushed again.
void push_free(ThreadRecord* thread) {
    uint64_t head = process->free_slots.load(std::memory_order_relaxed);
    uint64_t next;
    do {
        thread->next_free.store(static_cast<uint32_t>(head), std::memory_order_relaxed);
        next = ((head >> 32) + 1) << 32 | (index_of(thread) + 1);
        // Release pairs with the acquire in pop_free: the popper sees `next_free`.
    } while (
        !process->free_slots.compare_exchange_weak(head, next, std::memory_order_release, std::memory_order_relaxed));
}

ThreadRecord* pop_free() {
    uint64_t head = process->free_slots.load(std::memory_order_acquire);
    while (static_cast<uint32_t>(head) != 0) {
        ThreadRecord* const thread = thread_slot(static_cast<uint32_t>(head) - 1);
        if (thread == nullptr) return nullptr;
        const uint64_t next = ((head >> 32) + 1) << 32 | thread->next_free.load(std::memory_order_relaxed);
        if (process->free_slots.compare_exchange_weak(head, next, std::memory_order_acquire)) return thread;
    }
    return nullptr;
}

/// Cancellation or a jump may have left the thread's sequence odd; nobody writes there any more.
void settle_sequence(ThreadRecord* thread) {
    const uint32_t sequence = thread->sequence.load(std::memory_order_relaxed);
    if ((sequence & 1) != 0) protocol::end_write(thread->sequence, sequence - 1);
}

/// Who signalled what is still asked for when the thread has gone: its notes stay for one life more.
void keep_signals(ThreadRecord* thread) {
    for (protocol::LastSignal& signal : thread->signals) {
        const uint8_t flags = signal.flags.load(std::memory_order_relaxed);
        if ((flags & protocol::kSignalPast) != 0) {
            signal.object.store(0, std::memory_order_relaxed);
            signal.flags.store(0, std::memory_order_relaxed);
        } else {
            signal.flags.store(flags | protocol::kSignalPast, std::memory_order_relaxed);
        }
    }
    thread->past_number.store(thread->number.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

/// Everything but the sequence, which readers may be comparing, and the notes of signals.
void clear(ThreadRecord* thread) {
    settle_sequence(thread);
    const bool is_outermost = protocol::begin_write(thread->sequence);
    keep_signals(thread);
    thread->number.store(0, std::memory_order_relaxed);
    thread->life.store(0, std::memory_order_relaxed);
    auto* const bytes = reinterpret_cast<char*>(thread);
    constexpr size_t kSkipped = offsetof(ThreadRecord, tid);
    memset(bytes + kSkipped, 0, offsetof(ThreadRecord, life) - kSkipped);
    const uint32_t past = thread->past_number.load(std::memory_order_relaxed);
    memset(bytes + offsetof(ThreadRecord, name), 0, offsetof(ThreadRecord, signals) - offsetof(ThreadRecord, name));
    thread->past_number.store(past, std::memory_order_relaxed);
    protocol::end_write(thread->sequence, is_outermost);
}

/// Threads that were counted as lost when they were created, and may still ask for a slot of their own. Which of those
/// that ask they are nobody knows: as many are not counted again.
constinit std::atomic<uint32_t> counted_before{0};

bool was_counted_before() {
    uint32_t count = counted_before.load(std::memory_order_relaxed);
    while (count != 0) {
        if (counted_before.compare_exchange_weak(count, count - 1, std::memory_order_relaxed)) return true;
    }
    return false;
}

void count_lost(Origin origin) {
    if (origin == Origin::kAdopted && was_counted_before()) return;
    if (origin == Origin::kCreated) counted_before.fetch_add(1, std::memory_order_relaxed);
    process->threads_lost.fetch_add(1, std::memory_order_relaxed);
}

/// The created thread of this handle that is neither joined nor detached: there is one at most, as
/// libc reuses a handle after that only. It may finish while it is looked for. O(slots).
ThreadRecord* find_by_handle(pthread_t handle, bool only_finished) {
    constexpr uint32_t kMask =
        protocol::kLifeUsed | protocol::kLifeJoined | protocol::kLifeDetached | protocol::kLifeReclaimed;
    ThreadRecord* newest = nullptr;
    for (uint32_t i = 0; ThreadRecord* const thread = thread_slot(i); ++i) {
        const uint32_t life = thread->life.load(std::memory_order_relaxed);
        if (thread->handle.load(std::memory_order_relaxed) != handle || (life & kMask) != protocol::kLifeUsed ||
            thread->origin.load(std::memory_order_relaxed) == Origin::kAdopted)
            continue;
        const bool is_finished = (life & protocol::kLifeFinished) != 0;
        if (!is_finished && only_finished) continue;
        if (!is_finished) return thread;
        if (newest == nullptr ||
            newest->number.load(std::memory_order_relaxed) < thread->number.load(std::memory_order_relaxed))
            newest = thread;
    }
    return newest;
}

}  // namespace

bool holds_nothing(const ThreadRecord* thread) {
    for (const Hold& hold : thread->holds) {
        if (hold.state.load(std::memory_order_relaxed) != HoldState::kFree) return false;
    }
    return true;
}

uint32_t take_slot_for(protocol::SlotUse use) {
    const uint64_t offset = take(protocol::kThreads, sizeof(ThreadRecord));
    if (offset == UINT64_MAX) return UINT32_MAX;
    auto* const slot = static_cast<ThreadRecord*>(region_address(protocol::kThreads, offset));
    slot->use.store(use, std::memory_order_relaxed);
    return static_cast<uint32_t>(offset / sizeof(ThreadRecord));
}

ThreadRecord* take_slot(Origin origin) {
    ThreadRecord* thread = pop_free();
    if (thread == nullptr) {
        const uint64_t offset = take(protocol::kThreads, sizeof(ThreadRecord));
        if (offset == UINT64_MAX) {
            count_lost(origin);
            return nullptr;
        }
        thread = static_cast<ThreadRecord*>(region_address(protocol::kThreads, offset));
    }
    const uint32_t number = process->created_total.fetch_add(1, std::memory_order_relaxed) + 1;
    if (number == 1) counted_before.store(0, std::memory_order_relaxed);  // those were of a parent
    const bool is_outermost = protocol::begin_write(thread->sequence);
    thread->handle.store(0, std::memory_order_relaxed);  // a late note on the slot's last thread
    thread->origin.store(origin, std::memory_order_relaxed);
    thread->life.store(protocol::kLifeUsed, std::memory_order_relaxed);
    thread->number.store(number, std::memory_order_relaxed);
    protocol::end_write(thread->sequence, is_outermost);
    return thread;
}

void forget_lost_creation() {
    if (was_counted_before()) process->threads_lost.fetch_sub(1, std::memory_order_relaxed);
}

void set_name(ThreadRecord* thread, const char* name) {
    char bytes[16] = "";
    memcpy(bytes, name, strnlen(name, sizeof(bytes) - 1));
    uint64_t words[2];
    memcpy(words, bytes, sizeof(words));
    thread->name[0].store(words[0], std::memory_order_relaxed);
    thread->name[1].store(words[1], std::memory_order_relaxed);
}

void advance_life(ThreadRecord* thread, uint32_t bits) {
    // Release pairs with the acquire in free_if_done: who frees the slot sees all its stores.
    thread->life.fetch_or(bits, std::memory_order_release);
    free_if_done(thread);
}

void free_if_done(ThreadRecord* thread) {
    const uint32_t life = thread->life.load(std::memory_order_acquire);
    const bool done =
        (life & protocol::kLifeFinished) != 0 && (life & (protocol::kLifeJoined | protocol::kLifeDetached)) != 0;
    if (!done || (life & protocol::kLifeReclaimed) != 0 || !holds_nothing(thread)) return;
    uint32_t expected = life;
    // The very life that was looked at: a slot that was freed meanwhile has another.
    if (!thread->life.compare_exchange_strong(expected, life | protocol::kLifeReclaimed, std::memory_order_acq_rel))
        return;
    if ((life & protocol::kLifeDiedHolding) != 0) process->dead_holders.fetch_sub(1, std::memory_order_relaxed);
    clear(thread);
    push_free(thread);
}

ThreadRecord* record_of(pthread_t handle) {
    if (process == nullptr) return nullptr;
    // A pthread_t is the thread's TLS base, and initial-exec TLS lies at one distance from it in
    // every thread. libc itself reads that memory in each call that takes a pthread_t.
    const auto distance = reinterpret_cast<uintptr_t>(&current_record) - static_cast<uintptr_t>(pthread_self());
    const uintptr_t value = __atomic_load_n(reinterpret_cast<uintptr_t*>(handle + distance), __ATOMIC_RELAXED);
    ThreadRecord* const record = record_in(value);
    if (is_slot_address(reinterpret_cast<uintptr_t>(record))) return record;

    // It has not run yet: its creator has stored the handle.
    return find_by_handle(handle, false);
}

ThreadRecord* unjoined_record_of(pthread_t handle) {
    ThreadRecord* const thread = process == nullptr ? nullptr : find_by_handle(handle, false);
    return thread != nullptr && thread->origin.load(std::memory_order_relaxed) == Origin::kCreated ? thread : nullptr;
}

ThreadRecord* finished_record_of(pthread_t handle) {
    return process == nullptr ? nullptr : find_by_handle(handle, true);
}

}  // namespace preload
