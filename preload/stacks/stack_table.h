// SPDX-License-Identifier: Apache-2.0
//
// Interns stacks: equal stacks of one module generation have one id. The stacks themselves stand in
// the recording (protocol::StackHeader); the hash index over them is private memory.
// Lock-free and safe in signal handlers: insertion is one compare-and-swap, a loser's copy stays
// behind as unused bytes. O(depth).
#pragma once

#include <cstdint>

#include "preload/stacks/stack_capture.h"

namespace preload {

struct InternedStack {
    uint32_t id;  ///< 0: there is no room (the caller counts it)
    bool is_new;  ///< nobody in this process has had it before
};
InternedStack intern_stack(const RawStack& stack, uint32_t generation);

/// A recording was made for this process (also after fork): the index starts empty.
void reset_stack_table();

}  // namespace preload
