// SPDX-License-Identifier: Apache-2.0
#include "unwind/frame_pointers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "unwind/call_sites.h"

namespace unwind {

namespace {

using std::string_view;

// Programs and libraries with V8 in them, by file name; of a library without its version.
constexpr std::array<string_view, 3> kRuntimes = {"node", "nodejs", "libnode.so"};
constexpr uint64_t kMaxFrameBytes = uint64_t{1} << 20;

bool is_runtime(string_view path) {
    const string_view name = path.substr(path.rfind('/') + 1);
    return std::any_of(kRuntimes.begin(), kRuntimes.end(), [&](string_view runtime) {
        return name == runtime || (runtime.ends_with(".so") && name.starts_with(runtime));
    });
}

}  // namespace

FramePointers::FramePointers(Memory& memory, const Modules& modules, Walker& walker)
    : memory_(memory), modules_(modules), walker_(walker) {
    const std::vector<Region>& regions = memory.regions();
    has_runtime_ = std::any_of(regions.begin(), regions.end(),
                               [](const Region& region) { return region.executable && is_runtime(region.path); });
}

bool FramePointers::keeps_them(uint64_t pc) {
    const Region* const region = memory_.region_at(pc);
    if (!has_runtime_ || region == nullptr || !region->executable || walker_.function_at(pc)) return false;
    return region->of_file ? is_runtime(region->path) : region->path.empty();
}

std::optional<Crossing> FramePointers::cross(const Step& from, uint64_t frame_pointer, size_t limit) {
    const auto no_function = [](uint64_t) { return std::optional<uint64_t>(); };
    const Region* const stack = memory_.region_at(from.stack_pointer);
    Crossing crossing;
    uint64_t pc = from.pc;
    uint64_t stack_pointer = from.stack_pointer;
    while (keeps_them(pc - 1) && crossing.steps.size() < limit) {
        const bool is_frame = frame_pointer >= stack_pointer && frame_pointer - stack_pointer < kMaxFrameBytes &&
                              frame_pointer % sizeof(uint64_t) == 0 && memory_.region_at(frame_pointer) == stack;
        const auto caller = is_frame ? memory_.value<uint64_t>(frame_pointer) : std::nullopt;
        const auto back = is_frame ? memory_.value<uint64_t>(frame_pointer + sizeof(uint64_t)) : std::nullopt;
        if (!caller || !back || call_before(memory_, *back, 0, no_function) == CallSite::kNone) return std::nullopt;
        stack_pointer = frame_pointer + 2 * sizeof(uint64_t);
        frame_pointer = *caller;
        pc = *back;
        crossing.steps.push_back({pc, stack_pointer, true});
    }
    if (crossing.steps.empty() || keeps_them(pc - 1)) return std::nullopt;
    crossing.after = {pc, stack_pointer, frame_pointer};
    return crossing;
}

}  // namespace unwind
