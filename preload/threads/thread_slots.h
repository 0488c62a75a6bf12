// SPDX-License-Identifier: Apache-2.0
//
// Slots of thread records: taken by creators, given back by whoever sees the last of a thread.
// Lock-free (a tagged stack of free slots in the head), safe in signal handlers.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "protocol/layout.h"

namespace preload {

/// A slot for a new thread, cleared, with the next thread number and kLifeUsed. Null when there is
/// no room; the loss is counted, once for a thread that is created and later adopts itself.
protocol::ThreadRecord* take_slot(protocol::Origin origin);

/// The thread of a creation that was counted as lost never came to be.
void forget_lost_creation();

/// Takes a slot for something else than a thread; its index. UINT32_MAX: there is no room.
uint32_t take_slot_for(protocol::SlotUse use);

/// The thread's name as pthread_setname_np gave it: cut off after 15 bytes.
void set_name(protocol::ThreadRecord* thread, const char* name);

/// Sets bits of a thread's life and frees the slot once it has finished, is joined or detached, and
/// holds nothing.
void advance_life(protocol::ThreadRecord* thread, uint32_t bits);

bool holds_nothing(const protocol::ThreadRecord* thread);

/// Frees the slot of a dead owner whose last hold has gone.
void free_if_done(protocol::ThreadRecord* thread);

/// The record of a thread that is joinable or that is the caller; null when it is not known.
protocol::ThreadRecord* record_of(pthread_t handle);

/// The record of a created thread that is neither joined nor detached; null: no such thread has this handle, whatever
/// it is. O(slots).
protocol::ThreadRecord* unjoined_record_of(pthread_t handle);

/// The record of a thread that was just joined, whose memory is gone; null when it is not known.
protocol::ThreadRecord* finished_record_of(pthread_t handle);

}  // namespace preload
