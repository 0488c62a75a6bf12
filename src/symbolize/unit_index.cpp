// SPDX-License-Identifier: Apache-2.0
#include "symbolize/unit_index.h"

#include <dwarf.h>

#include <algorithm>
#include <optional>

namespace symbolize {

namespace {

/// How many ranges before an address are tried.
constexpr int kRangesBack = 32;

/// Linkers give what they dropped addresses like these.
constexpr uint64_t kLastDropped = 1;

bool is_scope(int tag) {
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
           tag == DW_TAG_structure_type || tag == DW_TAG_union_type || tag == DW_TAG_subprogram;
}

/// Entries below which there may be code, static variables or scopes.
bool has_inside(int tag) {
    return is_scope(tag) || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/// Where a static variable is; empty: elsewhere (stack, register, thread-local, optimised away).
std::optional<uint64_t> static_address(Dwarf_Die die) {
    Dwarf_Attribute location;
    Dwarf_Op* operations = nullptr;
    size_t count = 0;
    if (!dwarf_attr(&die, DW_AT_location, &location) || dwarf_getlocation(&location, &operations, &count) != 0 ||
        count != 1) {
        return std::nullopt;
    }
    if (operations[0].atom == DW_OP_addr) return operations[0].number;
    if (operations[0].atom != DW_OP_addrx && operations[0].atom != DW_OP_GNU_addr_index) return std::nullopt;
    Dwarf_Attribute indexed;
    Dwarf_Addr address = 0;
    if (dwarf_getlocation_attr(&location, &operations[0], &indexed) != 0 || dwarf_formaddr(&indexed, &address) != 0) {
        return std::nullopt;
    }
    return address;
}

}  // namespace

bool RangeTable::add(Dwarf_Die die, uint32_t owner) {
    const size_t before = ranges_.size();
    Dwarf_Addr base = 0;
    Dwarf_Addr low = 0;
    Dwarf_Addr high = 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &low, &high)) > 0;) {
        if (low > kLastDropped && low < high) ranges_.push_back({low, high, owner});
    }
    return ranges_.size() != before;
}

void RangeTable::sort() {
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& one, const Range& other) {
        return one.low != other.low ? one.low < other.low : one.high > other.high;
    });
}

int64_t RangeTable::owner_at(uint64_t address) const {
    auto at = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                               [](uint64_t value, const Range& range) { return value < range.low; });
    for (int tries = 0; at != ranges_.begin() && tries < kRangesBack; ++tries) {
        --at;
        if (address < at->high) return at->owner;
    }
    return -1;
}

UnitIndex::UnitIndex(Dwarf_Die unit) {
    walk(unit);
    function_ranges_.sort();
    std::sort(variables_.begin(), variables_.end(),
              [](const Variable& one, const Variable& other) { return one.address < other.address; });
}

void UnitIndex::visit(Dwarf_Die die) {
    const int tag = dwarf_tag(&die);
    if (tag == DW_TAG_subprogram) {
        if (function_ranges_.add(die, static_cast<uint32_t>(functions_.size()))) functions_.push_back(die);
    } else if (tag == DW_TAG_variable) {
        if (const auto address = static_address(die)) variables_.push_back({*address, die});
    }
}

void UnitIndex::walk(Dwarf_Die unit) {
    struct Level {
        Dwarf_Die next;
        int64_t scope;
        bool at_end = false;
    };
    std::vector<Level> levels;
    Dwarf_Off last = dwarf_dieoffset(&unit);
    Dwarf_Die child;
    if (dwarf_child(&unit, &child) == 0) levels.push_back({child, -1});
    while (!levels.empty()) {
        Level& level = levels.back();
        Dwarf_Die die = level.next;
        int64_t scope = level.scope;
        const Dwarf_Off offset = dwarf_dieoffset(&die);
        if (level.at_end || offset <= last || offset == static_cast<Dwarf_Off>(-1)) {
            if (scope >= 0) scopes_[scope].end = last;
            levels.pop_back();
            continue;
        }
        last = offset;
        ++entries_;
        visit(die);
        level.at_end = dwarf_siblingof(&die, &level.next) != 0;
        const int tag = dwarf_tag(&die);
        if (!has_inside(tag) || dwarf_child(&die, &child) != 0) continue;
        if (is_scope(tag)) {
            scopes_.push_back({die, offset, offset, scope});
            scope = static_cast<int64_t>(scopes_.size()) - 1;
        }
        levels.push_back({child, scope});
    }
}

const Dwarf_Die* UnitIndex::function_at(uint64_t address) const {
    const int64_t found = function_ranges_.owner_at(address);
    return found >= 0 ? &functions_[found] : nullptr;
}

const Dwarf_Die* UnitIndex::variable_at(uint64_t address) const {
    const auto found =
        std::lower_bound(variables_.begin(), variables_.end(), address,
                         [](const Variable& variable, uint64_t value) { return variable.address < value; });
    return found != variables_.end() && found->address == address ? &found->die : nullptr;
}

std::vector<Dwarf_Die> UnitIndex::scopes_of(Dwarf_Die die) const {
    const Dwarf_Off offset = dwarf_dieoffset(&die);
    const auto after = std::lower_bound(scopes_.begin(), scopes_.end(), offset,
                                        [](const Scope& scope, Dwarf_Off value) { return scope.begin < value; });
    std::vector<Dwarf_Die> around;
    for (int64_t at = after - scopes_.begin() - 1; at >= 0; at = scopes_[at].parent) {
        if (scopes_[at].end >= offset) around.push_back(scopes_[at].die);
    }
    std::reverse(around.begin(), around.end());
    return around;
}

}  // namespace symbolize
