// SPDX-License-Identifier: Apache-2.0
#include "unwind/unwinder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "unwind/call_sites.h"
#include "unwind/exports.h"
#include "unwind/frame_pointers.h"
#include "unwind/frame_size.h"
#include "unwind/modules.h"
#include "unwind/walker.h"

namespace unwind {

namespace {

constexpr uint64_t kStackBytes = 64 * 1024;  // copied at once; most stacks are shorter
// Of a thread that is held meanwhile: copied in a tenth of a millisecond, and enough for a hundred frames.
constexpr uint64_t kStoppedStackBytes = 512 * 1024;
// Of a deeper stack, what is kept of both ends.
constexpr size_t kKeptInnermost = 512;
constexpr size_t kKeptOutermost = 128;
constexpr uint64_t kMaxPushedWords = 8;    // arguments that did not fit into registers
constexpr uint64_t kMaxGrownWords = 1024;  // what is looked through of a frame that may have grown

}  // namespace

struct Unwinder::Parts {
    Parts(std::vector<Region> regions, ReadMemory read) : memory(std::move(regions), std::move(read)) {}

    Walk walk_from(const Registers& registers);
    Walk walk(const Registers& registers);
    std::optional<uint64_t> end_of(uint64_t function);
    Walk walk_without_clone(const Registers& registers);
    std::optional<Walk> walk_past_clone(const Walk& walk);
    std::optional<Walk> walk_past(const Registers& registers, const Walk& walk);
    std::optional<Walk> walk_with(const Registers& registers, const Function& function, const Walk& walk,
                                  bool is_direct);
    snapshot::Frame frame(const Step& step) const;
    snapshot::Stack stack(const Walk& walk) const;
    void begin_moment(uint64_t stack_pointer, uint64_t most_bytes);
    using Exported = std::vector<uint64_t>(Memory& memory, const Module& module, std::string_view name);
    std::unordered_map<uint64_t, std::string_view> places_in_glibc(std::span<const std::string_view> names,
                                                                   Exported& exported);

    Memory memory;
    Modules modules{memory};
    Walker walker{memory, modules};
    FramePointers frame_pointers{memory, modules, walker};
};

/// As far as the tables go, and through code that is none of theirs where that leads to the outermost
/// frame.
Walk Unwinder::Parts::walk_from(const Registers& registers) {
    const Walk direct = walker.walk(registers);
    Walk walk = direct;
    while (walk.end == Walk::End::kNotDescribed && walk.frame_pointer && walk.steps.size() < walker.limit()) {
        const auto crossing =
            frame_pointers.cross(walk.steps.back(), *walk.frame_pointer, walker.limit() - walk.steps.size());
        if (!crossing) return direct;
        Walk rest = walker.walk(crossing->after);
        walk.steps.insert(walk.steps.end(), crossing->steps.begin(), crossing->steps.end() - 1);
        walk.steps.insert(walk.steps.end(), rest.steps.begin(), rest.steps.end());
        walk.end = rest.end;
        walk.frame_pointer = rest.frame_pointer;
    }
    return walk.end == Walk::End::kOutermost || walk.end == Walk::End::kTooDeep ? walk : direct;
}

Walk Unwinder::Parts::walk(const Registers& registers) {
    Walk found = walk_without_clone(registers);
    std::optional<Walk> longer;
    if (found.end == Walk::End::kNotDescribed && found.steps.size() == 1) longer = walk_past_clone(found);
    return longer ? std::move(*longer) : std::move(found);
}

Walk Unwinder::Parts::walk_without_clone(const Registers& registers) {
    Walk found = walk_from(registers);
    std::optional<Walk> longer;
    if (found.end == Walk::End::kNeedsFramePointer) longer = walk_past(registers, found);
    return longer ? std::move(*longer) : std::move(found);
}

/// Where the function that begins here ends.
std::optional<uint64_t> Unwinder::Parts::end_of(uint64_t function) {
    const std::optional<Function> found = walker.function_at(function);
    return found && found->start == function ? std::optional<uint64_t>(found->end) : std::nullopt;
}

/// libc ends the description of its clone functions with their system call, behind which a child would be
/// without a caller. They have nothing on the stack but their return address.
std::optional<Walk> Unwinder::Parts::walk_past_clone(const Walk& walk) {
    constexpr std::array<unsigned char, 2> kSystemCall = {0x0f, 0x05};
    const Step& innermost = walk.steps.front();
    const uint64_t call = innermost.pc - kSystemCall.size();
    if (memory.value<std::array<unsigned char, 2>>(call) != kSystemCall) return std::nullopt;
    const std::optional<Function> function = walker.function_at(call - 1);
    const std::optional<uint64_t> back = memory.value<uint64_t>(innermost.stack_pointer);
    if (!function || function->end != call || !back) return std::nullopt;
    const CallSite site = call_before(memory, *back, function->start, [this](uint64_t at) { return end_of(at); });
    if (site != CallSite::kDirect && site != CallSite::kIndirect) return std::nullopt;
    Walk rest = walk_without_clone({*back, innermost.stack_pointer + sizeof(uint64_t)});
    rest.steps.insert(rest.steps.begin(), innermost);
    return rest;
}

/// From the frame at which `walk` ended for want of rbp, which is that frame's own frame pointer.
std::optional<Walk> Unwinder::Parts::walk_past(const Registers& registers, const Walk& walk) {
    const Step& last = walk.steps.back();
    const std::optional<Function> function = walker.function_at(last.is_return_address ? last.pc - 1 : last.pc);
    if (!function) return std::nullopt;
    const std::optional<FrameSize> size = frame_size(memory, function->start, function->end);
    if (!size) return std::nullopt;
    const uint64_t expected = last.stack_pointer + size->bytes;
    Registers with = registers;
    with.frame_pointer = expected;
    // Compilers put what seldom happens last: where it grows further on, it seldom has.
    const bool seems_grown = size->grows_at && *size->grows_at < last.pc;
    if (!seems_grown) {
        if (std::optional<Walk> found = walk_with(with, *function, walk, false)) return found;
    }
    std::optional<Walk> only;
    const uint64_t most = size->grows_at ? kMaxGrownWords : kMaxPushedWords;
    for (uint64_t words = seems_grown ? 0 : 1; words <= most; ++words) {
        with.frame_pointer = expected + sizeof(uint64_t) * words;
        std::optional<Walk> found = walk_with(with, *function, walk, true);
        if (found && only) return std::nullopt;
        if (found) only = std::move(found);
    }
    return only;
}

/// `is_direct`: the code must name the function as the one called.
std::optional<Walk> Unwinder::Parts::walk_with(const Registers& registers, const Function& function, const Walk& walk,
                                               bool is_direct) {
    const std::optional<uint64_t> back = memory.value<uint64_t>(*registers.frame_pointer + sizeof(uint64_t));
    if (!back) return std::nullopt;
    // The kernel calls a handler with the signal's return in place of a caller.
    const CallSite call = walker.is_signal_return(*back)
                              ? CallSite::kIndirect
                              : call_before(memory, *back, function.start, [this](uint64_t at) { return end_of(at); });
    if (call != CallSite::kDirect && (is_direct || call != CallSite::kIndirect)) return std::nullopt;
    Walk found = walk_from(registers);
    const size_t next = walk.steps.size();
    const bool is_proof = found.end == Walk::End::kOutermost || found.end == Walk::End::kTooDeep;
    if (found.steps.size() <= next || found.steps[next].pc != *back || !is_proof) {
        return std::nullopt;
    }
    return found;
}

snapshot::Frame Unwinder::Parts::frame(const Step& step) const {
    snapshot::Frame frame;
    frame.address = step.pc;
    frame.is_return_address = step.is_return_address;
    frame.signal_return = step.is_signal_return;
    if (const Module* const module = modules.find(step.is_return_address ? step.pc - 1 : step.pc)) {
        frame.module = module->path;
        frame.build_id = module->build_id;
        frame.offset = step.pc - module->bias;
    }
    return frame;
}

snapshot::Stack Unwinder::Parts::stack(const Walk& walk) const {
    snapshot::Stack stack;
    // Of one that was not followed to its end the other end is not known, and how far it was followed says
    // nothing of it: where threads' stacks are equal, what is kept of them is.
    const bool is_cut = walk.end == Walk::End::kTooDeep;
    const size_t depth = is_cut ? std::min(walk.steps.size(), kKeptInnermost) : walk.steps.size();
    const size_t left_out = depth > kKeptInnermost + kKeptOutermost ? depth - kKeptInnermost - kKeptOutermost : 0;
    for (size_t i = 0; i < depth; ++i) {
        if (left_out != 0 && i == kKeptInnermost) i += left_out;
        stack.frames.push_back(frame(walk.steps[i]));
        if (left_out != 0 && i == kKeptInnermost + left_out)
            stack.frames.back().left_out_before = static_cast<uint32_t>(left_out);
    }
    stack.truncated = walk.end == Walk::End::kTooDeep;
    stack.incomplete = !stack.truncated && walk.end != Walk::End::kOutermost;
    return stack;
}

void Unwinder::Parts::begin_moment(uint64_t stack_pointer, uint64_t most_bytes) {
    const Region* const region = memory.region_at(stack_pointer);
    const uint64_t above = region == nullptr ? 0 : region->end - stack_pointer;
    memory.begin_moment(stack_pointer, std::min(above, most_bytes));
}

Unwinder::Unwinder(std::vector<Region> regions, ReadMemory read)
    : parts_(std::make_unique<Parts>(std::move(regions), std::move(read))) {}

Unwinder::~Unwinder() = default;

std::optional<snapshot::Stack> Unwinder::stack_at(const Registers& registers,
                                                  const std::function<bool()>& has_not_run) {
    parts_->begin_moment(registers.stack_pointer, kStackBytes);
    if (!has_not_run()) return std::nullopt;
    const Walk walk = parts_->walk(registers);
    if (parts_->memory.fetches() > 0 && !has_not_run()) return std::nullopt;
    return parts_->stack(walk);
}

std::optional<snapshot::Stack> Unwinder::stack_of_stopped(const Registers& registers,
                                                          const std::function<bool()>& let_go) {
    parts_->begin_moment(registers.stack_pointer, kStoppedStackBytes);
    const bool runs = let_go();
    const Walk walk = parts_->walker.walk(registers);
    if (runs && parts_->memory.fetches() > 0) return std::nullopt;
    return parts_->stack(walk);
}

snapshot::Stack Unwinder::stack_of(uint64_t pc, uint64_t stack_pointer, uint64_t frame_pointer) {
    parts_->begin_moment(stack_pointer, kStackBytes);
    return parts_->stack(parts_->walker.walk({pc, stack_pointer, frame_pointer}));
}

std::vector<uint64_t> Unwinder::functions_of(const snapshot::Stack& stack, size_t index) {
    std::vector<uint64_t> functions;
    const snapshot::Frame& frame = stack.frames[index];
    const uint64_t inside = frame.is_return_address ? frame.address - 1 : frame.address;
    if (const std::optional<Function> described = parts_->walker.function_at(inside)) {
        functions.push_back(described->start);
    }
    if (index + 1 < stack.frames.size() && stack.frames[index + 1].is_return_address) {
        const std::optional<uint64_t> called = callee_before(parts_->memory, stack.frames[index + 1].address);
        if (called) functions.push_back(*called);
    }
    return functions;
}

std::vector<uint64_t> Unwinder::functions_jumped_to(uint64_t function) {
    const std::optional<Function> described = parts_->walker.function_at(function);
    if (!described || described->start != function) return {};
    std::vector<uint64_t> targets = jumps_out_of(parts_->memory, function, described->end);
    // Bytes that look like a jump lead anywhere.
    std::erase_if(targets, [&](uint64_t target) {
        const std::optional<Function> there =
            parts_->memory.is_code(target) ? parts_->walker.function_at(target) : std::nullopt;
        return !there || there->start != target;
    });
    return targets;
}

std::unordered_map<uint64_t, std::string_view> Unwinder::Parts::places_in_glibc(std::span<const std::string_view> names,
                                                                                Exported& exported) {
    std::unordered_map<uint64_t, std::string_view> places;
    for (const Module& module : modules.all()) {
        // Up to 2.33 it had two.
        const std::string_view file = std::string_view(module.path).substr(module.path.rfind('/') + 1);
        if (!file.starts_with("libpthread") && exported_functions(memory, module, "gnu_get_libc_version").empty()) {
            continue;
        }
        for (const std::string_view name : names) {
            for (const uint64_t address : exported(memory, module, name)) places.try_emplace(address, name);
        }
    }
    return places;
}

std::unordered_map<uint64_t, std::string_view> Unwinder::functions_of_glibc(std::span<const std::string_view> names) {
    return parts_->places_in_glibc(names, exported_functions);
}

std::unordered_map<uint64_t, std::string_view> Unwinder::objects_of_glibc(std::span<const std::string_view> names) {
    return parts_->places_in_glibc(names, exported_objects);
}

std::vector<snapshot::Module> Unwinder::modules() const {
    std::vector<snapshot::Module> modules;
    for (const Module& module : parts_->modules.all()) {
        modules.push_back({module.path, module.build_id, module.bias, module.start, module.end});
    }
    return modules;
}

}  // namespace unwind
