// SPDX-License-Identifier: Apache-2.0
//
// Threads that a reader of a report would find equal, as one.
#pragma once

#include <cstdint>
#include <vector>

#include "render/stacks.h"
#include "snapshot/snapshot.h"

namespace render {

/// Threads of equal state, stack and creation stack; where they wait for something that has owners,
/// for the same thing. Never empty.
using Group = std::vector<const snapshot::Thread*>;

/// In order of first mention. `whatever_lock`: those that wait for different locks too. Numbers without a thread are
/// left out, as are repeated ones.
std::vector<Group> group_threads(const snapshot::Snapshot& snapshot, const Stacks& stacks,
                                 const std::vector<uint32_t>& ids, bool whatever_lock = false);

/// The group in parts that wait for the same thing, where that has owners. Never empty.
std::vector<Group> parts_by_lock(const Group& group);

std::vector<uint32_t> ids_of(const Group& group);

}  // namespace render
