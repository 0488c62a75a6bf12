// SPDX-License-Identifier: Apache-2.0
//
// What a reader of a report sees of a stack: frames of libc and the language runtime are folded at
// both ends, where they say no more than the state does.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "render/page.h"
#include "snapshot/snapshot.h"

namespace render {

class Stacks {
public:
    /// Keeps a reference to the snapshot. `kin_by_functions`: see kin().
    Stacks(const snapshot::Snapshot& snapshot, bool full_stacks, bool kin_by_functions = false);

    /// Innermost first. Of a stack without a frame of the program: all.
    std::span<const snapshot::Frame> shown(snapshot::StackIndex stack) const;

    /// Equal for stacks that look the same; 0: the empty stack.
    uint32_t look(snapshot::StackIndex stack) const { return stack < looks_.size() ? looks_[stack] : 0; }
    /// Equal for stacks that go into one group: those that look the same or, where that was asked for, are
    /// of the same functions, whatever their lines.
    uint32_t kin(snapshot::StackIndex stack) const { return stack < kin_.size() ? kin_[stack] : 0; }
    bool is_empty(snapshot::StackIndex stack) const { return look(stack) == 0; }

    /// The frames, indented, those of a recursion once, and a line wherever others are missing.
    void print(Page& page, snapshot::StackIndex stack, Style style = Style::kPlain) const;

    void print(Page& page, const snapshot::Frame& frame, Style style = Style::kPlain) const;

    /// Of the stack of a start routine the routine itself, whatever is inlined into it. Null: not
    /// known, or a routine of the language runtime, which starts every thread.
    const snapshot::Frame* routine(snapshot::StackIndex entry) const;

private:
    void find_kin_by_functions();
    void print_frames(Page& page, std::span<const snapshot::Frame> frames, Style style) const;
    size_t interpreter_frames(std::span<const snapshot::Frame> frames) const;

    const snapshot::Snapshot& snapshot_;
    bool full_stacks_;
    std::vector<uint32_t> looks_;  ///< by stack index
    std::vector<uint32_t> kin_;    ///< the same
};

}  // namespace render
