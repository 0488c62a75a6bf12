// SPDX-License-Identifier: Apache-2.0
#include "unwind/signal_frame.h"

#include <array>
#include <optional>
#include <string_view>

namespace unwind {

namespace {

struct TableEntry {
    int32_t function;
    int32_t description;
};

/// Two words come before: length and, in a description, the way back to what it has in common with others.
struct Common {
    std::array<uint32_t, 2> head;
    uint8_t version;
    std::array<char, 8> augmentation;
};

/// `mov $15, %rax; syscall`.
bool returns_from_signal(Memory& memory, uint64_t pc) {
    using Code = std::array<unsigned char, 9>;
    constexpr Code kReturn = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
    const auto first = memory.value<unsigned char>(pc);
    return first == kReturn.front() && memory.value<Code>(pc) == kReturn;
}

uint64_t relative(uint64_t base, int32_t by) {
    return base + static_cast<uint64_t>(int64_t{by});
}

/// Address of the description of the last function that begins at `pc` or before.
std::optional<uint64_t> description_of(Memory& memory, const UnwindTable& table, uint64_t pc) {
    std::optional<uint64_t> found;
    uint64_t low = 0;
    for (uint64_t high = table.count; low < high;) {
        const uint64_t middle = low + (high - low) / 2;
        const auto entry = memory.value<TableEntry>(table.entries + middle * sizeof(TableEntry));
        if (!entry) return std::nullopt;
        if (relative(table.base, entry->function) > pc) {
            high = middle;
        } else {
            found = relative(table.base, entry->description);
            low = middle + 1;
        }
    }
    return found;
}

bool is_marked(Memory& memory, uint64_t description) {
    const auto head = memory.value<std::array<uint32_t, 2>>(description);
    if (!head || (*head)[0] == 0 || (*head)[0] == UINT32_MAX) return false;
    const auto common = memory.value<Common>(description + sizeof(uint32_t) - (*head)[1]);
    if (!common) return false;
    const std::string_view letters(common->augmentation.data(), common->augmentation.size());
    return letters.substr(0, letters.find('\0')).find('S') != std::string_view::npos;
}

}  // namespace

bool is_signal_frame(Memory& memory, const Module* module, uint64_t pc) {
    if (returns_from_signal(memory, pc)) return true;
    if (module == nullptr || module->table.count == 0) return false;
    // Such code begins one byte early, for those who look up the call before a return address: the return
    // address of a call that is the last instruction before it is none of it.
    const std::optional<uint64_t> description = description_of(memory, module->table, pc - 1);
    return description && is_marked(memory, *description);
}

}  // namespace unwind
