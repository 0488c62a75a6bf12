// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/misuse.h"

#include "preload/process/clock.h"
#include "preload/process/recording.h"

namespace preload {

using protocol::Misuse;
using protocol::MisuseKind;

namespace {

bool is_known(MisuseKind kind, uint64_t object, uint32_t stack) {
    for (const Misuse& noted : process->misuses) {
        // Acquire pairs with the release below: the rest of the entry was filled before its kind.
        const MisuseKind noted_kind = noted.kind.load(std::memory_order_acquire);
        if (noted_kind == kind && noted.object == object && noted.stack == stack) return true;
    }
    return false;
}

}  // namespace

void note_misuse(protocol::ThreadRecord* self, MisuseKind kind, protocol::LockKind lock_kind, uint64_t object,
                 uint32_t stack, uint32_t other_thread) {
    if (process == nullptr || !open_notes() || is_known(kind, object, stack)) return;
    const uint32_t index = process->misuses_seen.fetch_add(1, std::memory_order_relaxed);
    if (index >= protocol::kMisuseCount) return;
    Misuse& entry = process->misuses[index];
    entry.lock_kind = lock_kind;
    entry.stack = stack;
    entry.object = object;
    entry.time_ns = now_ns();
    entry.thread = self->number.load(std::memory_order_relaxed);
    entry.other_thread = other_thread;
    entry.kind.store(kind, std::memory_order_release);
}

}  // namespace preload
