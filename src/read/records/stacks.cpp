// SPDX-License-Identifier: Apache-2.0
#include "read/records/stacks.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace reader {

using protocol::StackHeader;
using snapshot::StackIndex;

namespace {

constexpr uint64_t kStackIdUnit = 8;
// Far above what real programs have: some hundred megabytes.
constexpr size_t kMaxFramesTogether = size_t{1} << 19;

bool is_sane(const StackHeader& header) {
    return header.mark == protocol::kStackMark && header.depth > 0 && header.depth <= protocol::kMaxFrames &&
           header.exact <= header.depth;
}

/// Handlers of one process may return by several codes.
bool is_same_place(const snapshot::Frame& one, const snapshot::Frame& other) {
    return one.address == other.address || (one.signal_return && other.signal_return);
}

/// Index of the frame that the innermost handler returns to; depth: there is no handler.
uint32_t signal_return_of(const StackHeader& header) {
    if ((header.flags & protocol::kStackHasSignal) == 0) return header.depth;
    const uint32_t back = (header.flags & protocol::kStackInterruptedOwn) != 0 ? 1 : 2;
    return header.exact < back ? header.depth : header.exact - back;
}

}  // namespace

StackTable::StackTable(const Source& source, const Layout& layout, const protocol::ProcessRecord& head,
                       const ModuleTable& modules)
    : source_(&source),
      layout_(&layout),
      offset_(layout.regions[protocol::kStacks].offset),
      bytes_(used_bytes(source, layout, head, protocol::kStacks)),
      modules_(modules) {}

void StackTable::look_again() {
    if (source_ == nullptr) return;
    const auto head = std::make_unique<protocol::ProcessRecord>();
    copy_head(*source_, *layout_, *head);
    bytes_ = std::max(bytes_, used_bytes(*source_, *layout_, *head, protocol::kStacks));
}

StackIndex StackTable::index_of(uint32_t id) {
    if (id == 0) return 0;
    const auto [known, is_new] = by_id_.try_emplace(id, 0);
    if (is_new) known->second = copy(id);
    return known->second;
}

StackIndex StackTable::copy(uint32_t id) {
    const uint64_t at = uint64_t{id} * kStackIdUnit;
    StackHeader header{};
    uint64_t pcs[protocol::kMaxFrames];
    if (source_ == nullptr || at + sizeof(header) > bytes_ || !read_value(*source_, offset_ + at, header) ||
        !is_sane(header) || header.depth * sizeof(uint64_t) > bytes_ - at - sizeof(header) ||
        source_->read(offset_ + at + sizeof(header), pcs, header.depth * sizeof(uint64_t)) !=
            header.depth * sizeof(uint64_t)) {
        ++damaged_;
        return 0;
    }
    snapshot::Stack stack;
    const uint32_t signal_return = signal_return_of(header);
    for (uint32_t i = 0; i < header.depth; ++i) {
        // Where handlers nest, they return to the same code.
        const bool returns = signal_return < i + 1 && pcs[i] == pcs[signal_return];
        stack.frames.push_back(frame(pcs[i], header.generation, i + 1U != header.exact && !returns));
        stack.frames.back().signal_return = returns;
    }
    stack.truncated = (header.flags & protocol::kStackTruncated) != 0;
    stack.incomplete = (header.flags & protocol::kStackIncomplete) != 0;
    return add(std::move(stack));
}

snapshot::Frame StackTable::frame(uint64_t pc, uint32_t generation, bool is_return_address) const {
    snapshot::Frame frame;
    frame.address = pc;
    frame.is_return_address = is_return_address;
    // A call that never returns may be the last instruction of its module.
    const uint64_t instruction = is_return_address && pc > 0 ? pc - 1 : pc;
    if (const snapshot::Module* const module = modules_.find(instruction, generation)) {
        frame.module = module->path;
        frame.build_id = module->build_id;
        frame.offset = pc - module->bias;
    }
    return frame;
}

StackIndex StackTable::index_of_function(uint64_t address) {
    if (address == 0) return 0;
    const auto [known, is_new] = by_function_.try_emplace(address, 0);
    if (is_new) {
        snapshot::Stack stack;
        stack.frames.push_back(frame(address, ModuleTable::kLatest, false));
        known->second = add(std::move(stack));
    }
    return known->second;
}

StackIndex StackTable::index_of_call(uint64_t pc) {
    if (pc == 0) return 0;
    const auto [known, is_new] = by_call_.try_emplace(pc, 0);
    if (is_new) {
        snapshot::Stack stack;
        stack.frames.push_back(frame(pc, ModuleTable::kLatest, true));
        stack.incomplete = true;
        known->second = add(std::move(stack));
    }
    return known->second;
}

StackIndex StackTable::index_of_unwound(snapshot::Stack&& stack) {
    if (stack.frames.empty()) return 0;
    std::vector<uint64_t> key;
    for (const snapshot::Frame& frame : stack.frames) {
        key.push_back(frame.address);
        if (frame.left_out_before != 0) key.push_back(frame.left_out_before);
    }
    const bool is_call = stack.frames.front().is_return_address;
    key.push_back((is_call ? 4 : 0) + (stack.truncated ? 2 : 0) + (stack.incomplete ? 1 : 0));
    const auto [known, is_new] = by_addresses_.try_emplace(std::move(key), 0);
    if (is_new) {
        // As recorded stacks name the same module, so that equal places look alike.
        for (snapshot::Frame& unwound : stack.frames) {
            if (unwound.signal_return && unwound.module.empty()) continue;
            snapshot::Frame recorded = frame(unwound.address, ModuleTable::kLatest, unwound.is_return_address);
            recorded.signal_return = unwound.signal_return;
            recorded.left_out_before = unwound.left_out_before;
            const bool is_same = recorded.build_id == unwound.build_id && recorded.offset == unwound.offset;
            if (!recorded.module.empty() && (is_same || unwound.module.empty())) unwound = std::move(recorded);
        }
        known->second = add(std::move(stack));
    }
    return known->second;
}

bool StackTable::is_below_handler(const snapshot::Stack& whole, StackIndex outer) const {
    const std::vector<snapshot::Frame>& known = stacks_[outer].frames;
    if (known.empty() || whole.frames.size() <= known.size()) return false;
    const auto beyond = whole.frames.end() - static_cast<std::ptrdiff_t>(known.size());
    return std::any_of(whole.frames.begin(), beyond,
                       [](const snapshot::Frame& frame) { return frame.signal_return; }) &&
           std::equal(known.begin(), known.end(), beyond, is_same_place);
}

bool StackTable::is_completed_by(const snapshot::Stack& whole, StackIndex cut) const {
    const std::vector<snapshot::Frame>& known = stacks_[cut].frames;
    const bool is_better = stacks_[cut].truncated || (!whole.incomplete && !whole.truncated);
    return is_better && whole.frames.size() > known.size() &&
           std::equal(known.begin(), known.end(), whole.frames.begin(), is_same_place);
}

StackIndex StackTable::index_of_longer(snapshot::Stack&& inner, StackIndex outer) {
    const snapshot::Stack& before = stacks_[outer];
    inner.frames.insert(inner.frames.end(), before.frames.begin(), before.frames.end());
    inner.truncated = inner.truncated || before.truncated;
    inner.incomplete = inner.incomplete || before.incomplete;
    inner.moving = inner.moving || before.moving;
    const StackIndex longer = add(std::move(inner));
    return longer == 0 ? outer : longer;
}

StackIndex StackTable::add(snapshot::Stack&& stack) {
    if (stack.frames.size() > kMaxFramesTogether - frames_) {
        ++left_out_;
        return 0;
    }
    frames_ += stack.frames.size();
    stacks_.push_back(std::move(stack));
    return static_cast<StackIndex>(stacks_.size() - 1);
}

std::vector<std::string> StackTable::notes() const {
    std::vector<std::string> notes;
    if (damaged_ > 0) notes.push_back(std::to_string(damaged_) + " stacks in the recording are damaged");
    if (left_out_ > 0) {
        notes.push_back(std::to_string(left_out_) + " stacks were left out: together they have more than " +
                        std::to_string(kMaxFramesTogether) + " frames");
    }
    return notes;
}

}  // namespace reader
