// SPDX-License-Identifier: Apache-2.0
//
// One stack seen twice from the same place: by the unwinder under test and by libunwind. Fixed
// memory, so that it can be taken in signal handlers and on small stacks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "preload/stacks/stack_capture.h"
#include "protocol/layout.h"

struct ObservedStack {
    static constexpr int kMaxReference = 2048;

    uintptr_t pcs[protocol::kMaxFrames];
    preload::RawStack ours;
    uintptr_t reference[kMaxReference];
    int reference_depth = 0;
    int first_interrupted = 0;  ///< index + 1, by libunwind; 0: none

    std::vector<uintptr_t> our_pcs() const { return {pcs, pcs + ours.depth}; }
    std::vector<uintptr_t> reference_pcs() const { return {reference, reference + reference_depth}; }

    bool is_equal() const;
    /// Marked as cut short, and right as far as it goes.
    bool is_marked_prefix() const;
    std::string describe() const;
};

/// The stack of the caller of this function.
void observe(preload::StackLimits limits, ObservedStack& observed);

/// The same as the recording has it, where it may have been recalled. Returns its id.
uint32_t observe_captured(preload::StackLimits limits, ObservedStack& observed);

/// After a module was unloaded: libunwind remembers rules by address too.
void flush_reference();

/// The calling thread's own stack.
preload::StackLimits own_limits();
