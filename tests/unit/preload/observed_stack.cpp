// SPDX-License-Identifier: Apache-2.0
#include "observed_stack.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "preload/process/recording.h"

namespace {

/// As the recording stores them: of several interrupted frames only the first keeps its pc as it is.
void add_reference(ObservedStack& observed, uintptr_t pc, bool is_interrupted) {
    if (is_interrupted && observed.first_interrupted != 0) ++pc;
    observed.reference[observed.reference_depth++] = pc;
    if (is_interrupted && observed.first_interrupted == 0) observed.first_interrupted = observed.reference_depth;
}

bool has_prefix(const std::vector<uintptr_t>& whole, const std::vector<uintptr_t>& prefix) {
    return prefix.size() <= whole.size() && std::equal(prefix.begin(), prefix.end(), whole.begin());
}

}  // namespace

bool ObservedStack::is_equal() const {
    const uint8_t flags = first_interrupted != 0 ? protocol::kStackHasSignal : 0;
    return our_pcs() == reference_pcs() && ours.flags == flags && ours.exact == first_interrupted;
}

bool ObservedStack::is_marked_prefix() const {
    constexpr uint8_t kCutShort = protocol::kStackIncomplete | protocol::kStackTruncated;
    return (ours.flags & kCutShort) != 0 && ours.depth > 0 && has_prefix(reference_pcs(), our_pcs());
}

std::string ObservedStack::describe() const {
    std::ostringstream text;
    text << std::hex << "flags " << int{ours.flags} << " exact " << int{ours.exact} << "\nours     ";
    for (const uintptr_t pc : our_pcs()) text << ' ' << pc;
    text << "\nreference";
    for (const uintptr_t pc : reference_pcs()) text << ' ' << pc;
    return text.str();
}

namespace {

/// Part of the function whose caller is looked at.
__attribute__((always_inline)) inline void walk_reference(ObservedStack& observed) {
    observed.reference_depth = 0;
    observed.first_interrupted = 0;
    unw_context_t context;
    unw_cursor_t cursor;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    while (observed.reference_depth < ObservedStack::kMaxReference && unw_step(&cursor) > 0) {
        unw_word_t pc = 0;
        unw_get_reg(&cursor, UNW_REG_IP, &pc);
        if (pc == 0) break;
        add_reference(observed, pc, unw_is_signal_frame(&cursor) > 0);
    }
}

}  // namespace

__attribute__((noinline)) void observe(preload::StackLimits limits, ObservedStack& observed) {
    const preload::CallerFrame caller = CALLER_FRAME;
    observed.ours = {observed.pcs, 0, 0, 0};
    preload::unwind(caller, limits, observed.ours);
    walk_reference(observed);
}

__attribute__((noinline)) uint32_t observe_captured(preload::StackLimits limits, ObservedStack& observed) {
    const preload::CallerFrame caller = CALLER_FRAME;
    const uint32_t id = preload::capture_stack(caller, limits);
    const auto& header =
        *static_cast<const protocol::StackHeader*>(preload::region_address(protocol::kStacks, uint64_t{id} * 8));
    observed.ours = {observed.pcs, header.depth, header.flags, header.exact};
    memcpy(observed.pcs, &header + 1, header.depth * sizeof(*observed.pcs));
    walk_reference(observed);
    return id;
}

void flush_reference() {
    unw_flush_cache(unw_local_addr_space, 0, 0);
}

preload::StackLimits own_limits() {
    pthread_attr_t attributes;
    void* low = nullptr;
    size_t bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) abort();
    pthread_attr_getstack(&attributes, &low, &bytes);
    pthread_attr_destroy(&attributes);
    return {reinterpret_cast<uintptr_t>(low), reinterpret_cast<uintptr_t>(low) + bytes};
}
