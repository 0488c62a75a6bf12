// SPDX-License-Identifier: Apache-2.0
//
// The library's side of include/loiter/loiter.h, but for locks: counts, lists, labels, remarks. Called by
// the program from anywhere, before our constructor and in signal handlers too: same rules as wrappers.
#define LOITER_API
#define LOITER_ONLY_DECLARATIONS
#include "include/loiter/loiter.h"

#include <string.h>

#include "preload/notes/holds.h"
#include "preload/notes/texts.h"
#include "preload/real.h"
#include "preload/threads/this_thread.h"
#include "preload/threads/thread_slots.h"

namespace preload {

using protocol::Origin;
using protocol::ThreadRecord;
using protocol::WaitKind;

namespace {

enum class Standing { kGone, kBlocked, kAlive, kUnjoined };

/// As snapshot::is_blocked has it.
bool is_in_process(WaitKind kind) {
    switch (kind) {
        case WaitKind::kMutex:
        case WaitKind::kRwlockRead:
        case WaitKind::kRwlockWrite:
        case WaitKind::kSpin:
        case WaitKind::kCondition:
        case WaitKind::kSemaphore:
        case WaitKind::kBarrier:
        case WaitKind::kJoin:
        case WaitKind::kOnce:
        case WaitKind::kFutex:
        case WaitKind::kCustomLock: return true;
        case WaitKind::kNone:
        case WaitKind::kSleep:
        case WaitKind::kIo:
        case WaitKind::kFileLock:
        case WaitKind::kChild:
        case WaitKind::kSignal: return false;
    }
    return false;
}

/// The report's words.
const char* word_of(WaitKind kind) {
    switch (kind) {
        case WaitKind::kNone: return "running";
        case WaitKind::kMutex: return "mutex lock";
        case WaitKind::kRwlockRead: return "rwlock read";
        case WaitKind::kRwlockWrite: return "rwlock write";
        case WaitKind::kSpin: return "spin lock";
        case WaitKind::kCondition: return "cond wait";
        case WaitKind::kSemaphore: return "semaphore";
        case WaitKind::kBarrier: return "barrier";
        case WaitKind::kJoin: return "join";
        case WaitKind::kOnce: return "once";
        case WaitKind::kFutex: return "futex";
        case WaitKind::kSleep: return "sleep";
        case WaitKind::kIo: return "io";
        case WaitKind::kFileLock: return "file lock";
        case WaitKind::kChild: return "child wait";
        case WaitKind::kSignal: return "signal wait";
        case WaitKind::kCustomLock: return "custom lock";
    }
    return "running";
}

Standing standing_of(const ThreadRecord* thread) {
    const uint32_t life = thread->life.load(std::memory_order_acquire);  // pairs with advance_life
    const uint32_t number = thread->number.load(std::memory_order_relaxed);
    if (number == 0 || (life & protocol::kLifeUsed) == 0 || (life & protocol::kLifeReclaimed) != 0)
        return Standing::kGone;
    if ((life & protocol::kLifeFinished) != 0) {
        // Nobody joins main, or a thread that did not come through pthread_create.
        const bool is_joinable = number != 1 && thread->origin.load(std::memory_order_relaxed) != Origin::kAdopted &&
                                 (life & (protocol::kLifeJoined | protocol::kLifeDetached)) == 0;
        return is_joinable ? Standing::kUnjoined : Standing::kGone;
    }
    const bool is_timed = (thread->wait.flags.load(std::memory_order_relaxed) & protocol::kWaitTimed) != 0;
    return is_in_process(thread->wait.kind.load(std::memory_order_relaxed)) && !is_timed ? Standing::kBlocked
                                                                                         : Standing::kAlive;
}

loiter_thread describe(const ThreadRecord* thread, Standing standing) {
    loiter_thread told{};
    told.number = thread->number.load(std::memory_order_relaxed);
    told.tid = static_cast<int>(thread->tid.load(std::memory_order_relaxed));
    told.created_by = thread->created_by.load(std::memory_order_relaxed);
    told.state =
        standing == Standing::kUnjoined ? "exited" : word_of(thread->wait.kind.load(std::memory_order_relaxed));
    told.label = text_of(thread->label.load(std::memory_order_relaxed));
    uint64_t name[2] = {thread->name[0].load(std::memory_order_relaxed),
                        thread->name[1].load(std::memory_order_relaxed)};
    memcpy(told.name, name, sizeof(told.name));
    told.name[sizeof(told.name) - 1] = '\0';
    return told;
}

bool has_label(const loiter_thread& thread, const char* label) {
    return label == nullptr || (thread.label != nullptr && strncmp(thread.label, label, protocol::kMaxTextBytes) == 0);
}

/// Keeps the array in order of numbers: slots are reused, numbers are not. O(kept).
void keep(const loiter_thread& thread, char* threads, size_t count, size_t capacity, size_t size) {
    const size_t known = size < sizeof(thread) ? size : sizeof(thread);
    size_t at = count < capacity ? count : capacity;
    const auto number_at = [&](size_t i) {
        unsigned number;
        memcpy(&number, threads + i * size + offsetof(loiter_thread, number), sizeof(number));
        return number;
    };
    if (at == capacity && (capacity == 0 || number_at(capacity - 1) < thread.number)) return;
    if (at == capacity) --at;
    for (; at > 0 && number_at(at - 1) > thread.number; --at)
        memcpy(threads + at * size, threads + (at - 1) * size, size);
    memset(threads + at * size, 0, size);
    memcpy(threads + at * size, &thread, known);
}

/// The first thread number after a mark. One of another process is its parent's, before the fork.
uint32_t number_of(loiter_mark_t mark) {
    const auto pid = static_cast<uint32_t>(mark >> 32);
    const auto number = static_cast<uint32_t>(mark);
    return process == nullptr || pid != process->pid || number == 0 ? 1 : number;
}

}  // namespace

extern "C" {

EXPORTED int loiter_api_is_active(void) {
    return this_thread() != nullptr ? 1 : 0;
}

EXPORTED int loiter_api_count_threads(loiter_counts* counts) {
    constexpr size_t kFirst = offsetof(loiter_counts, threads);
    if (counts == nullptr || counts->size < kFirst || this_thread() == nullptr) return -1;
    loiter_counts found{};
    found.size = counts->size;
    found.created_total = 1;
    if (process == nullptr) found.alive = 1;
    if (process != nullptr) {
        found.created_total = process->created_total.load(std::memory_order_relaxed);
        found.lost = static_cast<unsigned>(process->threads_lost.load(std::memory_order_relaxed));
        for (uint32_t i = 0; const ThreadRecord* const thread = thread_slot(i); ++i) {
            switch (standing_of(thread)) {
                case Standing::kGone: break;
                case Standing::kBlocked: ++found.blocked; break;
                case Standing::kAlive: ++found.alive; break;
                case Standing::kUnjoined: ++found.unjoined; break;
            }
        }
    }
    found.threads = found.blocked + found.alive + found.unjoined;
    memcpy(counts, &found, counts->size < sizeof(found) ? counts->size : sizeof(found));
    return 0;
}

EXPORTED loiter_mark_t loiter_api_mark(void) {
    if (this_thread() == nullptr || process == nullptr) return 0;
    return loiter_mark_t{process->pid} << 32 | process->created_total.load(std::memory_order_relaxed);
}

EXPORTED size_t loiter_api_threads_since(loiter_mark_t mark, const char* label, loiter_thread* threads, size_t capacity,
                                         size_t size) {
    const ThreadRecord* const self = this_thread();
    if (self == nullptr || process == nullptr) return 0;
    if (threads == nullptr || size < offsetof(loiter_thread, tid)) capacity = 0;
    const uint32_t last = number_of(mark);
    size_t count = 0;
    for (uint32_t i = 0; const ThreadRecord* const thread = thread_slot(i); ++i) {
        const Standing standing = standing_of(thread);
        if (thread == self || standing == Standing::kGone) continue;
        if ((thread->remarks.load(std::memory_order_relaxed) & protocol::kRemarkExpected) != 0) continue;
        const loiter_thread told = describe(thread, standing);
        // The slot may have gone to another thread meanwhile.
        if (told.number <= last || !has_label(told, label) || standing_of(thread) == Standing::kGone ||
            thread->number.load(std::memory_order_relaxed) != told.number)
            continue;
        keep(told, reinterpret_cast<char*>(threads), count, capacity, size);
        ++count;
    }
    return count;
}

EXPORTED int loiter_api_set_label(const char* label) {
    ThreadRecord* self = this_thread();
    if (self == nullptr || !is_really(self)) return -1;
    const bool is_none = label == nullptr || label[0] == '\0';
    if (!is_none) self = ensure_recording(self);
    const uint32_t id = text_id(label);
    self->label.store(id, std::memory_order_relaxed);
    return is_none || id != 0 ? 0 : -1;
}

EXPORTED const char* loiter_api_label(void) {
    const ThreadRecord* const self = this_thread();
    return self == nullptr ? nullptr : text_of(self->label.load(std::memory_order_relaxed));
}

EXPORTED int loiter_api_expect_thread(int next) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || !is_really(self)) return -1;
    self->remarks.fetch_or(next != 0 ? protocol::kRemarkNextExpected : protocol::kRemarkExpected,
                           std::memory_order_relaxed);
    return 0;
}

EXPORTED int loiter_api_name_lock(const volatile void* lock, const char* name) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || lock == nullptr) return -1;
    const bool is_none = name == nullptr || name[0] == '\0';
    if (!is_none) ensure_recording(self);
    if (process == nullptr) return is_none ? 0 : -1;
    const uint32_t text = text_id(name);
    return (is_none || text != 0) && name_lock(address_of(lock), text) ? 0 : -1;
}

}  // extern "C"

}  // namespace preload
