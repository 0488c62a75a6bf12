// SPDX-License-Identifier: Apache-2.0
//
// Stack ids of a recording as stacks of a snapshot. Each is copied once; what all of them may take
// together is capped.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "read/records/head.h"
#include "read/records/modules.h"
#include "snapshot/snapshot.h"

namespace reader {

class StackTable {
public:
    /// `head`: a copy made after the last thread record was, so that every id met is in it.
    StackTable(const Source& source, const Layout& layout, const protocol::ProcessRecord& head,
               const ModuleTable& modules);
    /// Of a process without a recording: no stack has an id.
    explicit StackTable(const ModuleTable& modules) : modules_(modules) {}

    /// For a record that was copied later than that: its stacks may be newer.
    void look_again();

    /// 0, the empty stack, for id 0 and for what is no stack.
    snapshot::StackIndex index_of(uint32_t id);
    /// The function that begins at `address`, as a stack of one frame.
    snapshot::StackIndex index_of_function(uint64_t address);
    /// The innermost frame of a thread in a system call; the others are not known.
    snapshot::StackIndex index_of_call(uint64_t pc);
    /// A stack that was not recorded, by addresses and modules; equal ones are kept once.
    snapshot::StackIndex index_of_unwound(snapshot::Stack&& stack);

    /// `whole` has outer frames that the one which is cut lacks.
    bool is_completed_by(const snapshot::Stack& whole, snapshot::StackIndex cut) const;
    /// `whole` ends in these frames, which a signal handler has interrupted.
    bool is_below_handler(const snapshot::Stack& whole, snapshot::StackIndex outer) const;
    /// Outer frames are missing: they could not be found, or were too many to be recorded.
    bool is_cut(snapshot::StackIndex index) const { return stacks_[index].incomplete || stacks_[index].truncated; }
    /// Both, the frames of `inner` first.
    snapshot::StackIndex index_of_longer(snapshot::Stack&& inner, snapshot::StackIndex outer);

    std::vector<snapshot::Stack> take() { return std::move(stacks_); }
    /// What could not be read, one sentence each.
    std::vector<std::string> notes() const;

private:
    snapshot::StackIndex copy(uint32_t id);
    snapshot::Frame frame(uint64_t pc, uint32_t generation, bool is_return_address) const;
    snapshot::StackIndex add(snapshot::Stack&& stack);

    const Source* source_ = nullptr;  ///< null: no recording
    const Layout* layout_ = nullptr;
    uint64_t offset_ = 0;
    uint64_t bytes_ = 0;
    const ModuleTable& modules_;
    std::vector<snapshot::Stack> stacks_ = std::vector<snapshot::Stack>(1);
    std::unordered_map<uint32_t, snapshot::StackIndex> by_id_;
    std::unordered_map<uint64_t, snapshot::StackIndex> by_function_;
    std::unordered_map<uint64_t, snapshot::StackIndex> by_call_;
    std::map<std::vector<uint64_t>, snapshot::StackIndex> by_addresses_;
    size_t frames_ = 0;
    size_t damaged_ = 0;
    size_t left_out_ = 0;
};

}  // namespace reader
