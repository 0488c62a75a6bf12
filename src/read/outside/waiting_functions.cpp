// SPDX-License-Identifier: Apache-2.0
#include "read/outside/waiting_functions.h"

#include <algorithm>

#include "read/outside/library_waits.h"

namespace reader {

namespace {

// The deepest that libc waits below one of its functions, and an interposer's frame or two.
constexpr size_t kInnermost = 6;

using Functions = std::unordered_map<uint64_t, std::string_view>;

/// pthread_join is but a jump to what waits, which others do too: called through a pointer, or by a jump itself, it
/// is on no stack. What is jumped to for different waits tells nothing.
Functions with_jumps(unwind::Unwinder& unwinder, Functions exported) {
    Functions jumped_to;
    for (const auto& [address, name] : exported) {
        for (const uint64_t target : unwinder.functions_jumped_to(address)) {
            const auto [entry, is_new] = jumped_to.try_emplace(target, name);
            if (!is_new && !wait_alike(entry->second, name)) entry->second = {};
        }
    }
    std::erase_if(jumped_to, [](const auto& entry) { return entry.second.empty(); });
    exported.merge(jumped_to);
    return exported;
}

}  // namespace

WaitingFunctions::WaitingFunctions(unwind::Unwinder& unwinder)
    : unwinder_(unwinder), functions_(with_jumps(unwinder, unwinder.functions_of_glibc(waiting_functions()))) {}

std::string_view WaitingFunctions::of(const snapshot::Stack& stack) {
    if (functions_.empty()) return {};
    for (size_t index = 0; index < std::min(stack.frames.size(), kInnermost); ++index) {
        for (const uint64_t address : unwinder_.functions_of(stack, index)) {
            const auto found = functions_.find(address);
            if (found != functions_.end()) return found->second;
        }
        // Further out are functions that called others of which nothing is known.
        if (index + 1 < stack.frames.size() && stack.frames[index + 1].module != stack.frames[index].module) break;
    }
    return {};
}

}  // namespace reader
