// SPDX-License-Identifier: Apache-2.0
#include "python/left_states.h"

#include <cstring>
#include <set>
#include <string>

namespace python {

namespace {

constexpr size_t kStackBytes = size_t{64} << 10;
constexpr uint64_t kAlignment = 16;  // of memory that malloc gave
constexpr uint64_t kFirstAddress = 65536;
constexpr uint64_t kLastAddress = uint64_t{1} << 47;

/// What may be pointers to memory elsewhere, each once.
std::set<uint64_t> pointers_in(const std::string& stack, uint64_t stack_pointer) {
    std::set<uint64_t> pointers;
    for (size_t at = 0; at + sizeof(uint64_t) <= stack.size(); at += sizeof(uint64_t)) {
        uint64_t word;
        std::memcpy(&word, stack.data() + at, sizeof(word));
        const bool is_on_stack = word >= stack_pointer && word < stack_pointer + stack.size();
        if (word % kAlignment == 0 && word >= kFirstAddress && word < kLastAddress && !is_on_stack)
            pointers.insert(word);
    }
    return pointers;
}

/// From 3.13 on a state points to no C stack.
bool is_of_stack(const Memory& memory, const Offsets& offsets, uint64_t state, uint64_t start, uint64_t end) {
    if (!offsets.thread.c_frame) return true;
    const auto c_frame = memory.value<uint64_t>(state + offsets.thread.frame);
    return c_frame && *c_frame >= start && *c_frame < end;
}

}  // namespace

std::optional<uint64_t> find_left_state(const Memory& memory, const Offsets& offsets, uint32_t native_id,
                                        uint64_t stack_pointer) {
    const std::string stack = memory.bytes_up_to(stack_pointer, kStackBytes);
    std::optional<uint64_t> only;
    for (const uint64_t pointer : pointers_in(stack, stack_pointer)) {
        if (memory.value<uint64_t>(pointer + offsets.thread.native_id) != native_id) continue;
        if (!is_of_stack(memory, offsets, pointer, stack_pointer, stack_pointer + stack.size())) continue;
        if (only) return std::nullopt;
        only = pointer;
    }
    return only;
}

}  // namespace python
