// SPDX-License-Identifier: Apache-2.0
#include "read/outside/outside_stacks.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "read/calls/system_calls.h"
#include "read/kernel/mappings.h"
#include "read/kernel/stopped_thread.h"
#include "read/kernel/target_memory.h"

namespace reader {

namespace {

constexpr int kMaxLooks = 4;
constexpr int kMaxStops = 4;
// A thread that sleeps between its work is not touched before it runs again.
constexpr int kMaxWaitsForIt = 10;
constexpr std::chrono::microseconds kWaitForIt{100};
constexpr size_t kMaxRegions = size_t{1} << 20;
// Of a thread: its start routine's caller, and clone.
constexpr size_t kFramesAroundStart = 2;

std::vector<unwind::Region> regions_of(uint32_t pid) {
    std::vector<unwind::Region> regions;
    visit_mappings(pid, [&](const Mapping& mapping) {
        unwind::Region region;
        region.start = mapping.start;
        region.end = mapping.end;
        region.offset = mapping.offset;
        region.readable = mapping.readable;
        region.writable = mapping.writable;
        region.executable = mapping.executable;
        region.of_file = mapping.inode != 0 || mapping.path == "[vdso]";
        region.path = mapping.path + (mapping.deleted ? " (deleted)" : "");
        regions.push_back(std::move(region));
        return regions.size() < kMaxRegions;
    });
    return regions;
}

bool is_library(std::string_view path) {
    return path.substr(path.rfind('/') + 1).starts_with("libloiter.so");
}

bool is_of_library(const snapshot::Frame& frame) {
    return !frame.signal_return && is_library(frame.module);
}

/// The library lets handlers of the program return to code of its own, which does what libc's does.
void hide_library(snapshot::Frame& frame) {
    if (!frame.signal_return || !is_library(frame.module)) return;
    frame.module.clear();
    frame.build_id.clear();
    frame.offset = 0;
}

}  // namespace

/// In a wrapper's own call: what the library called, and the wrapper. (Where the library calls back, as
/// it does for a thread's start routine, only its own frames go.)
void drop_library(snapshot::Stack& stack) {
    std::vector<snapshot::Frame>& frames = stack.frames;
    for (snapshot::Frame& frame : frames) hide_library(frame);
    const auto library = std::find_if(frames.begin(), frames.end(), is_of_library);
    if (library == frames.end()) return;
    const bool starts_thread =
        !stack.incomplete && static_cast<size_t>(frames.end() - library) <= kFramesAroundStart + 1;
    const bool is_own_call = std::all_of(
        frames.begin(), library, [&](const snapshot::Frame& frame) { return frame.module == frames.front().module; });
    if (is_own_call && !starts_thread) frames.erase(frames.begin(), library);
    for (size_t i = 0; i + 1 < frames.size(); ++i) {
        if (is_of_library(frames[i])) frames[i + 1].left_out_before += frames[i].left_out_before;
    }
    std::erase_if(frames, is_of_library);
}

OutsideStacks::OutsideStacks(uint32_t pid) : pid_(pid) {}

bool OutsideStacks::prepare() {
    if (is_prepared_) return unwinder_ != nullptr;
    is_prepared_ = true;
    std::vector<unwind::Region> regions = regions_of(pid_);
    unsigned char byte = 0;
    const auto readable =
        std::find_if(regions.begin(), regions.end(), [](const unwind::Region& region) { return region.readable; });
    if (readable == regions.end()) return false;
    const MemoryRead read = read_memory(pid_, readable->start, &byte, 1);
    error_ = read.bytes == 1 ? 0 : read.error;
    if (read.bytes != 1) return false;
    unwinder_ = std::make_unique<unwind::Unwinder>(
        std::move(regions),
        [pid = pid_](uint64_t address, void* to, size_t bytes) { return read_memory(pid, address, to, bytes).bytes; });
    return true;
}

std::optional<OutsideStacks::Sight> OutsideStacks::look(const Task& task) {
    std::optional<Task> seen = task;
    for (int looks = 0; looks < kMaxLooks; ++looks) {
        if (!seen || !seen->call || (looks == 0 && !prepare()) || unwinder_ == nullptr) return std::nullopt;
        const SystemCall& call = *seen->call;
        if (call.number >= 0 && call.pc != 0) {
            unwind::Registers registers{call.pc, call.stack_pointer};
            if (call.number == SYS_vfork) registers.first_argument = call.arguments[0];
            std::optional<snapshot::Stack> stack =
                unwinder_->stack_at(registers, [&] { return sleeps_on(pid_, *seen); });
            if (stack) {
                const std::string_view function = waiting_function(*seen, *stack);
                drop_library(*stack);
                return Sight{std::move(*seen), std::move(*stack), function};
            }
        }
        int ignored = 0;
        seen = look_at_task(pid_, task.tid, ignored);
        if (seen) seen->recorded_tid = task.recorded_tid;
    }
    return std::nullopt;
}

std::string_view OutsideStacks::waiting_function(const Task& task, const snapshot::Stack& stack) {
    if (awaited_futex(*task.call) == 0) return {};
    if (!functions_) functions_.emplace(*unwinder_);
    return functions_->of(stack);
}

std::unordered_map<uint64_t, std::string_view> OutsideStacks::objects_of_libc(std::span<const std::string_view> names) {
    return prepare() ? unwinder_->objects_of_glibc(names) : std::unordered_map<uint64_t, std::string_view>();
}

std::unordered_map<uint64_t, std::string_view> OutsideStacks::functions_of_libc(
    std::span<const std::string_view> names) {
    return prepare() ? unwinder_->functions_of_glibc(names) : std::unordered_map<uint64_t, std::string_view>();
}

std::vector<snapshot::Module> OutsideStacks::modules() {
    return prepare() ? unwinder_->modules() : std::vector<snapshot::Module>();
}

/// Each stop is another chance to be noticed: few, and none after the right was refused.
std::optional<snapshot::Stack> OutsideStacks::stop_and_look(uint32_t tid) {
    if (stop_error_ != 0 || !prepare()) return std::nullopt;
    std::optional<snapshot::Stack> stack;
    bool is_held = false;  // until all of it was walked
    const auto look = [&](const unwind::Registers& registers, const std::function<void()>& let_go) {
        stack = unwinder_->stack_of_stopped(registers, [&] {
            if (!is_held) let_go();
            return !is_held;
        });
    };
    int waits = 0;
    for (int stops = 0; stops < kMaxStops && !stack;) {
        const StopResult result = stop_running_thread(pid_, tid, look);
        if (result.stop == Stop::kRefused) stop_error_ = result.error;
        if (result.stop == Stop::kRefused || result.stop == Stop::kNot) return std::nullopt;
        if (result.stop != Stop::kAsleep) {
            is_held = result.stop == Stop::kStopped;
            ++stops;
        } else if (++waits > kMaxWaitsForIt) {
            return std::nullopt;
        } else {
            std::this_thread::sleep_for(kWaitForIt);
        }
    }
    if (stack) drop_library(*stack);
    return stack;
}

std::vector<std::string> OutsideStacks::notes() const {
    std::vector<std::string> notes;
    if (error_ != 0) {
        notes.push_back(std::string("the target's memory could not be read (") + std::strerror(error_) +
                        "): of threads outside of wrappers only the innermost frame is known");
    }
    if (stop_error_ != 0) {
        notes.push_back(std::string("running threads could not be stopped for their stacks (") +
                        std::strerror(stop_error_) + "): " +
                        (stop_error_ == EAGAIN ? "loiter can have no more threads itself"
                                               : "no right, or another program traces them") +
                        "; they have their last known place");
    }
    return notes;
}

}  // namespace reader
