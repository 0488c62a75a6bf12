// SPDX-License-Identifier: Apache-2.0
#include "analyze/stack_classes.h"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "analyze/frames.h"

namespace analyze {

namespace {

bool has_place(const snapshot::Frame& frame) {
    return !frame.function.empty() && frame.line != 0;
}

bool looks_equal(const snapshot::Frame& left, const snapshot::Frame& right) {
    if (left.function != right.function || left.file != right.file || left.line != right.line) return false;
    if (left.module != right.module) return false;
    if (has_place(left)) return true;
    return left.module.empty() ? left.address == right.address : left.offset == right.offset;
}

/// The frames that count: those nearest to the program. A call through another instantiation of the
/// library's (a vector that grows, or does not) is the same place.
std::vector<const snapshot::Frame*> counted_frames(const snapshot::Stack& stack) {
    const Origin nearest = nearest_origin(stack);
    std::vector<const snapshot::Frame*> frames;
    for (const snapshot::Frame& frame : stack.frames) {
        if (origin_of(frame) == nearest) frames.push_back(&frame);
    }
    return frames;
}

bool looks_equal(const snapshot::Stack& left, const snapshot::Stack& right) {
    const auto left_frames = counted_frames(left);
    const auto right_frames = counted_frames(right);
    return left.truncated == right.truncated && left.incomplete == right.incomplete &&
           std::equal(left_frames.begin(), left_frames.end(), right_frames.begin(), right_frames.end(),
                      [](const snapshot::Frame* a, const snapshot::Frame* b) { return looks_equal(*a, *b); });
}

size_t hash_of(const snapshot::Stack& stack) {
    const auto frames = counted_frames(stack);
    size_t hash = frames.size();
    for (const snapshot::Frame* frame : frames) {
        const size_t name = std::hash<std::string>()(frame->function);
        hash = hash * 31 + (name ^ (static_cast<size_t>(frame->line) << 1));
        if (!has_place(*frame)) hash = hash * 31 + frame->offset;
    }
    return hash;
}

}  // namespace

snapshot::StackIndex StackClasses::representative(snapshot::StackIndex index) {
    const auto known = known_.find(index);
    if (known != known_.end()) return known->second;
    const snapshot::Stack& stack = snapshot_.stacks.at(index);
    const size_t hash = hash_of(stack);
    const auto [begin, end] = by_hash_.equal_range(hash);
    const auto same =
        std::find_if(begin, end, [&](const auto& entry) { return looks_equal(snapshot_.stacks[entry.second], stack); });
    const snapshot::StackIndex first = same == end ? index : same->second;
    if (same == end) by_hash_.emplace(hash, index);
    known_.emplace(index, first);
    return first;
}

}  // namespace analyze
