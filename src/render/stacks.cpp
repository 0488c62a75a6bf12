// SPDX-License-Identifier: Apache-2.0
#include "render/stacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>

#include "analyze/frames.h"
#include "analyze/language_runtimes.h"
#include "render/render.h"
#include "render/repeats.h"
#include "render/words.h"

namespace render {

namespace {

using snapshot::Frame;
using snapshot::Stack;

constexpr size_t kWidestFunction = 110;
constexpr std::string_view kIndent = "    ";

std::string function_words(const Frame& frame) {
    if (!frame.function.empty()) return printable(frame.function) + (frame.inlined ? " (inlined)" : "");
    if (frame.module.empty()) return fmt::format("{:#x} in unknown code", frame.address);
    return fmt::format("{:#x} in {}", frame.offset, printable(std::string(analyze::base_name(frame.module))));
}

/// Where a tool finds a frame that has no source file; empty where the function words say so already.
std::string module_words(const Frame& frame) {
    if (frame.function.empty() || frame.module.empty()) return {};
    return fmt::format("{}+{:#x}", printable(std::string(analyze::base_name(frame.module))), frame.offset);
}

/// What is visible of a frame, as a key.
auto look_of(const Frame& frame) {
    const bool has_place = !frame.function.empty() && frame.line > 0;
    return std::make_tuple(std::string_view(frame.function), std::string_view(frame.file), frame.line,
                           std::string_view(frame.module), frame.inlined, has_place ? 0 : frame.offset);
}

/// What a stack has a line for.
struct Line {
    const Frame* frame;  ///< null: several
    uint64_t count;
    uint32_t look;  ///< equal for lines that look the same
};
constexpr uint32_t kGap = 0;
constexpr uint32_t kInterpreter = 1;
constexpr uint32_t kFirstLook = 2;

std::string repeated_words(const Repeat& repeat) {
    const std::string what = repeat.length == 1 ? "the frame" : fmt::format("the {} frames", repeat.length);
    return fmt::format("    ... ({} above {} more times)", what, repeat.times - 1);
}

/// The main thread's outermost frame is `_start`, which a stripped program has no name for.
bool ends_in_nameless_start(const Stack& stack) {
    const auto& frames = stack.frames;
    return frames.size() > 1 && !stack.incomplete && !stack.truncated && frames.back().function.empty() &&
           analyze::is_runtime_frame(frames[frames.size() - 2]);
}

/// Where a Rust program's stack goes over to the `main` that the compiler made for libc; 0: nowhere.
size_t start_of_rust(std::span<const Frame> frames) {
    const auto starts = [](const Frame& frame) { return frame.function.starts_with("std::rt::lang_start"); };
    const auto found = std::find_if(frames.begin(), frames.end(), starts);
    return found == frames.end() ? 0 : static_cast<size_t>(found - frames.begin());
}

/// An interpreter of whose program nothing is known.
std::span<const Frame> folded_runtime(std::span<const Frame> frames) {
    const auto first = std::find_if(frames.begin(), frames.end(), analyze::is_interpreter_frame);
    if (first == frames.end()) return frames;
    return {first, std::find_if_not(first, frames.end(), analyze::is_interpreter_frame)};
}

std::span<const Frame> folded(const Stack& stack) {
    std::span<const Frame> frames(stack.frames);
    const analyze::Origin nearest = analyze::nearest_origin(stack);
    const auto is_own = [nearest](const Frame& frame) { return analyze::origin_of(frame) == nearest; };
    if (ends_in_nameless_start(stack)) frames = frames.first(frames.size() - 1);
    if (nearest == analyze::Origin::kRuntime) return folded_runtime(frames);
    const auto first = std::find_if(frames.begin(), frames.end(), is_own);
    if (first == frames.end()) return frames;
    if (const size_t start = start_of_rust(frames); start != 0) frames = frames.first(start);
    const auto last = std::find_if(frames.rbegin(), frames.rend(), is_own).base();
    return {first, last};
}

}  // namespace

Stacks::Stacks(const snapshot::Snapshot& snapshot, bool full_stacks, bool kin_by_functions)
    : snapshot_(snapshot), full_stacks_(full_stacks), looks_(snapshot.stacks.size()) {
    using Look = std::tuple<std::vector<decltype(look_of(Frame()))>, bool, bool>;
    std::map<Look, uint32_t> known;
    for (snapshot::StackIndex index = 0; index < snapshot.stacks.size(); ++index) {
        const Stack& stack = snapshot.stacks[index];
        if (stack.frames.empty()) continue;
        Look look({}, stack.truncated, stack.incomplete);
        for (const Frame& frame : shown(index)) {
            if (full_stacks_ || !analyze::is_interpreter_frame(frame)) std::get<0>(look).push_back(look_of(frame));
        }
        looks_[index] = known.try_emplace(std::move(look), static_cast<uint32_t>(known.size() + 1)).first->second;
    }
    kin_ = looks_;
    if (kin_by_functions) find_kin_by_functions();
}

/// A stack with a frame that has no name is kin of its equals alone.
void Stacks::find_kin_by_functions() {
    std::map<std::vector<std::string_view>, uint32_t> known;
    for (snapshot::StackIndex index = 0; index < looks_.size(); ++index) {
        const std::span<const Frame> frames = shown(index);
        const bool has_names =
            std::none_of(frames.begin(), frames.end(), [](const Frame& frame) { return frame.function.empty(); });
        if (looks_[index] == 0 || !has_names) continue;
        std::vector<std::string_view> functions;
        for (const Frame& frame : frames) functions.emplace_back(frame.function);
        kin_[index] = known.try_emplace(std::move(functions), looks_[index]).first->second;
    }
}

std::span<const Frame> Stacks::shown(snapshot::StackIndex stack) const {
    if (stack >= snapshot_.stacks.size()) return {};
    const Stack& found = snapshot_.stacks[stack];
    return full_stacks_ ? std::span<const Frame>(found.frames) : folded(found);
}

void Stacks::print(Page& page, const Frame& frame, Style style) const {
    std::string words = function_words(frame);
    if (!full_stacks_) words = shortened(words, kWidestFunction);
    words.insert(0, kIndent);
    if (frame.file.empty())
        page.add_frame(std::move(words), module_words(frame), style);
    else
        page.add_frame(std::move(words), frame.file, frame.line, style);
}

/// How many an interpreter's own frames come first and are shown as one.
size_t Stacks::interpreter_frames(std::span<const Frame> frames) const {
    if (full_stacks_) return 0;
    const auto other = std::find_if_not(frames.begin(), frames.end(), analyze::is_interpreter_frame);
    return static_cast<size_t>(other - frames.begin());
}

/// An interpreter's own frames, one after the other, say no more than that they are there; nor does a
/// recursion, however deep.
void Stacks::print_frames(Page& page, std::span<const Frame> frames, Style style) const {
    std::vector<Line> lines;
    std::map<decltype(look_of(Frame())), uint32_t> known;
    while (!frames.empty()) {
        const Frame& frame = frames.front();
        // No two gaps are equal: whatever repeats itself does so on this side of them.
        if (frame.left_out_before != 0) lines.push_back({nullptr, frame.left_out_before, kGap});
        const size_t folded = interpreter_frames(frames);
        const uint32_t look =
            folded > 0 ? kInterpreter : known.try_emplace(look_of(frame), kFirstLook + known.size()).first->second;
        lines.push_back({folded > 0 ? nullptr : &frame, folded, look});
        frames = frames.subspan(std::max<size_t>(folded, 1));
    }
    std::vector<uint32_t> looks;
    for (const Line& line : lines) looks.push_back(line.look);
    for (const Repeat& repeat : find_repeats(looks)) {
        for (size_t i = repeat.begin; i < repeat.begin + repeat.length; ++i) {
            const Line& line = lines[i];
            if (line.frame != nullptr) {
                print(page, *line.frame, style);
            } else if (line.look == kGap) {
                page.add("    ... (" + left_out_words(line.count) + ")", Style::kDim);
            } else {
                page.add(fmt::format("    ({} of the Python interpreter)", counted(line.count, "frame")), Style::kDim);
            }
        }
        if (repeat.times > 1) page.add(repeated_words(repeat), Style::kDim);
    }
}

void Stacks::print(Page& page, snapshot::StackIndex stack, Style style) const {
    if (is_empty(stack)) return;
    print_frames(page, shown(stack), style);
    const Stack& found = snapshot_.stacks[stack];
    if (found.moving) page.add("    ... (read while the thread ran: may be of several moments)", Style::kDim);
    if (found.incomplete)
        page.add("    ... (outer frames not known)", Style::kDim);
    else if (found.truncated)
        page.add("    ... (deeper: outer frames were not recorded)", Style::kDim);
}

const Frame* Stacks::routine(snapshot::StackIndex entry) const {
    if (is_empty(entry)) return nullptr;
    const Frame& outermost = snapshot_.stacks[entry].frames.back();
    return analyze::is_runtime_frame(outermost) ? nullptr : &outermost;
}

}  // namespace render
