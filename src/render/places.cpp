// SPDX-License-Identifier: Apache-2.0
#include "render/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "analyze/frames.h"

namespace render {

namespace {

using snapshot::Frame;

/// Relative to the root; empty: not below it.
std::string below(const std::string& root, const std::string& file) {
    if (root.empty() || !file.starts_with("/")) return {};
    const std::string plain = std::filesystem::path(file).lexically_normal().string();
    const bool is_below = plain.size() > root.size() + 1 && plain.starts_with(root) && plain[root.size()] == '/';
    return is_below ? plain.substr(root.size() + 1) : "";
}

const Frame* telling_frame(const snapshot::Stack& stack, const std::string& root) {
    const auto in_tree = std::find_if(stack.frames.begin(), stack.frames.end(),
                                      [&](const Frame& frame) { return !below(root, frame.file).empty(); });
    if (in_tree != stack.frames.end()) return &*in_tree;
    const Frame* const first = analyze::first_program_frame(stack);
    return first != nullptr || stack.frames.empty() ? first : &stack.frames.front();
}

}  // namespace

Place place_of(const snapshot::Stack& stack, const std::string& root) {
    const Frame* const frame = telling_frame(stack, root);
    if (frame == nullptr) return {};
    Place place;
    place.function = frame->function;
    place.file = below(root, frame->file);
    place.in_tree = !place.file.empty();
    if (!place.in_tree && !frame->file.empty()) place.file = frame->file;
    place.line = place.file.empty() ? 0 : std::max(frame->line, 0);
    place.module = frame->module;
    place.offset = frame->offset;
    return place;
}

std::string words_of(const Place& place) {
    std::string where = place.file.empty() ? std::string(analyze::base_name(place.module)) : place.file;
    if (place.line > 0) where += fmt::format(":{}", place.line);
    if (place.function.empty()) return where;
    return where.empty() ? place.function : place.function + " at " + where;
}

}  // namespace render
