// SPDX-License-Identifier: Apache-2.0
//
// A module's DWARF: which unit has an address, and the units' indexes, each built when first needed.
// Where units' addresses are comes from the units themselves: .debug_aranges is optional, and clang leaves it out.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "symbolize/unit_index.h"

namespace symbolize {

/// A unit's two halves; the same entry twice unless debug information is split (-gsplit-dwarf).
struct Unit {
    Dwarf_Die lines;    ///< what has the line table
    Dwarf_Die entries;  ///< what has the functions; without the .dwo file there are none
};

class DebugInfo {
public:
    explicit DebugInfo(Dwarf* dwarf);

    std::optional<Unit> unit_at(uint64_t address) const;

    /// Of the unit that `die` is in.
    const UnitIndex& index_of(Dwarf_Die die);

    /// Looks through units until it is found; gives up when that would take long.
    std::optional<Dwarf_Die> variable_at(uint64_t address);

private:
    std::vector<Dwarf_Die> units_;
    RangeTable unit_ranges_;
    std::unordered_map<void*, std::unique_ptr<UnitIndex>> indexes_;  ///< by where the unit begins
};

}  // namespace symbolize
