// SPDX-License-Identifier: Apache-2.0
//
// Which stacks look the same to a reader of the report.
#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "snapshot/snapshot.h"

namespace analyze {

/// Gives equal numbers to stacks with equal contents: function, file and line of every frame; where
/// the line is not known, module and offset. Addresses differ between copies of one source line
/// (an unrolled loop, an inlined function).
class StackClasses {
public:
    /// Keeps a reference to the snapshot.
    explicit StackClasses(const snapshot::Snapshot& snapshot) : snapshot_(snapshot) {}

    /// The first index that was asked for among those with the same contents. O(frames), then O(1).
    snapshot::StackIndex representative(snapshot::StackIndex index);

private:
    const snapshot::Snapshot& snapshot_;
    std::unordered_map<snapshot::StackIndex, snapshot::StackIndex> known_;
    std::unordered_multimap<size_t, snapshot::StackIndex> by_hash_;
};

}  // namespace analyze
