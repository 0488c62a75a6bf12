// SPDX-License-Identifier: Apache-2.0
//
// The calling thread's record: found in one load on the fast path, adopted, moved into a new
// recording or made anew after fork on the slow one.
#pragma once

#include <cstdint>

#include "preload/ours.h"
#include "preload/stacks/stack_capture.h"
#include "protocol/layout.h"

namespace preload {

/// Address of the calling thread's record; 0: none yet; odd: forward only (the record's address with
/// the lowest bit set once the thread has ended, 1 while it is being adopted). With kMayBeChild as well the
/// thread has called vfork, whose child shares this very word: who comes next asks who it is.
OURS extern __thread uintptr_t current_record __attribute__((tls_model("initial-exec")));
inline constexpr uintptr_t kForwardOnly = 1;
inline constexpr uintptr_t kMayBeChild = 2;

/// Of a value of current_record, whoever asks; null: none.
inline protocol::ThreadRecord* record_in(uintptr_t value) {
    return reinterpret_cast<protocol::ThreadRecord*>(value & ~(kForwardOnly | kMayBeChild));
}

/// Words on a page of their own that fork wipes. Both are non-zero in an initialized process.
struct ProcessMark {
    uint32_t fast;  ///< 0: take the slow path (also after fork)
    uint32_t ours;  ///< 0: this process was forked and has not been seen yet
};
OURS extern ProcessMark* process_mark;

/// This process was forked, and no wrapper has looked for its record yet (or the library is not ready).
inline bool is_unseen_child() {
    return process_mark->ours == 0;
}

protocol::ThreadRecord* find_this_thread();

/// The calling thread's record; null: forward the call and record nothing. errno untouched.
inline protocol::ThreadRecord* this_thread() {
    const uintptr_t record = current_record;
    if (__builtin_expect(record != 0 && (record & 1) == 0 && process_mark->fast != 0, 1)) {
        return reinterpret_cast<protocol::ThreadRecord*>(record);
    }
    return find_this_thread();
}

/// `self` is the record of the thread that asks: a child of vfork, or a raw clone that shares its
/// creator's thread-local storage, finds its creator's. A system call.
bool is_really(const protocol::ThreadRecord* self);

/// Makes the recording, if there is none, for a thread that is about to block or to create one.
/// Returns the calling thread's record, which moves when the recording is new.
protocol::ThreadRecord* ensure_recording(protocol::ThreadRecord* self);

/// Prepares the library; called by the constructor, or by the first wrapper when that comes earlier.
void initialize();

/// This process is the one that the recording belongs to: no child of vfork, no unseen child of fork.
bool is_own_process();

/// How long leftover threads may take to finish, in milliseconds; -1: no command watches this process.
int64_t supervisor_grace_ms();

/// Which run of the command this process is of; 0: none.
uint32_t run_number();

/// Folder of the run that this process belongs to; empty: no command watches it.
const char* run_directory();

inline StackLimits stack_limits(const protocol::ThreadRecord* self) {
    return {self->stack_low.load(std::memory_order_relaxed), self->stack_high.load(std::memory_order_relaxed)};
}

}  // namespace preload
