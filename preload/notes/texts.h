// SPDX-License-Identifier: Apache-2.0
//
// Texts that the program gave, and the locks that it named by them: in the arena of stacks, found through
// buckets in the head. Lock-free, append-only, safe in signal handlers; bounded, as the arena is for stacks.
#pragma once

#include <cstdint>

#include "preload/process/recording.h"

namespace preload {

/// Id of this text, cut off after protocol::kMaxTextBytes; the same for the same text. 0: null, empty, or no room.
/// O(texts of a bucket).
uint32_t text_id(const char* text);

/// The text with this id, which stays where it is; null: none.
const char* text_of(uint32_t id);

/// Names the lock at `address` (id 0: takes its name away). False: no room.
bool name_lock(uint64_t address, uint32_t text);

namespace detail {
void forget_name(uint64_t address);
extern bool any_lock_named;
}  // namespace detail

/// The lock at `address` has begun or ended its life.
inline void forget_name(uint64_t address) {
    if (__builtin_expect(detail::any_lock_named, 0)) detail::forget_name(address);
}

}  // namespace preload
