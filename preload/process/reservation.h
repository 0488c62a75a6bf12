// SPDX-License-Identifier: Apache-2.0
//
// The address space of the regions: all of it is reserved when the recording begins, so that they can grow where they
// are. The kernel counts that, though nothing is there: a program that limits its address space, or locks all of its
// memory, gets back what is not committed. From then on the recording is as full as a smaller one would be.
#pragma once

#include <cstdint>

#include "protocol/layout.h"

namespace preload {

inline constexpr uint64_t round_up(uint64_t value, uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

struct RegionSizes {
    uint64_t region[protocol::kRegionCount];
    uint64_t total;  ///< with the head
};
RegionSizes sizes_for(const protocol::Capacity& capacity);

/// Of a new recording, before `process` is set: all is there.
void begin_reservation(const RegionSizes& sizes);

/// How much of a region may ever be used.
uint64_t usable_bytes(protocol::RegionKind kind);

/// What became of a part of a region that was to be committed.
enum class Committed { kYes, kNoRoom, kGivenBack };

/// Commits [from, to) of a region, multiples of protocol::kChunkBytes. Several threads may commit the same at once.
Committed commit_reserved(protocol::RegionKind kind, uint64_t from, uint64_t to);

/// Gives back what the largest recording of at most `most` bytes would not have reserved; never what is committed.
/// True: something was. Nothing is where another thread is committing, and does not come to an end of it; nor of the
/// recording of another process. errno untouched.
bool shrink_reservation(uint64_t most);

/// The program has locked all of its memory: what is only reserved would count against its limit.
void unlock_reservation();

/// After fork, with the parent's recording: private memory in the place of what was committed, nothing in that of the
/// rest.
void abandon_reservation();

}  // namespace preload
