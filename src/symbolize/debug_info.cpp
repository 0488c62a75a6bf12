// SPDX-License-Identifier: Apache-2.0
#include "symbolize/debug_info.h"

namespace symbolize {

namespace {

/// Entries that one search for a variable may look at: about half a second.
constexpr uint64_t kSearchLimit = 4'000'000;

Unit halves_of(Dwarf_Die unit) {
    Unit halves{unit, unit};
    Dwarf_Die split{};
    if (dwarf_cu_info(unit.cu, nullptr, nullptr, nullptr, &split, nullptr, nullptr, nullptr) == 0 && split.cu) {
        halves.entries = split;
    }
    return halves;
}

}  // namespace

DebugInfo::DebugInfo(Dwarf* dwarf) {
    Dwarf_CU* at = nullptr;
    Dwarf_CU* next = nullptr;
    Dwarf_Die unit;
    while (dwarf_get_units(dwarf, at, &next, nullptr, nullptr, &unit, nullptr) == 0) {
        if (unit_ranges_.add(unit, static_cast<uint32_t>(units_.size()))) units_.push_back(unit);
        at = next;
    }
    unit_ranges_.sort();
}

std::optional<Unit> DebugInfo::unit_at(uint64_t address) const {
    const int64_t found = unit_ranges_.owner_at(address);
    return found >= 0 ? std::optional(halves_of(units_[found])) : std::nullopt;
}

const UnitIndex& DebugInfo::index_of(Dwarf_Die die) {
    Dwarf_Die unit = die;
    dwarf_diecu(&die, &unit, nullptr, nullptr);
    std::unique_ptr<UnitIndex>& index = indexes_[unit.addr];
    if (!index) index = std::make_unique<UnitIndex>(unit);
    return *index;
}

std::optional<Dwarf_Die> DebugInfo::variable_at(uint64_t address) {
    uint64_t looked_at = 0;
    for (const Dwarf_Die& unit : units_) {
        const UnitIndex& index = index_of(halves_of(unit).entries);
        if (const Dwarf_Die* variable = index.variable_at(address)) return *variable;
        looked_at += index.entries();
        if (looked_at > kSearchLimit) break;
    }
    return std::nullopt;
}

}  // namespace symbolize
