// SPDX-License-Identifier: Apache-2.0
//
// What one unit of debug information has at which address, and which scope each of its entries is in.
// One pass over the unit's entries in file order, O(n); asked in O(log n). Entries may be damaged: only
// such as lie further on in the file than all before are followed, so every pass ends.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

namespace symbolize {

/// An address range [low, high) and what it belongs to, by number.
struct Range {
    uint64_t low = 0;
    uint64_t high = 0;
    uint32_t owner = 0;
};

/// Ranges that may lie within each other; the innermost wins.
class RangeTable {
public:
    /// All of `die`'s ranges; false: it has none. After the last one: sort.
    bool add(Dwarf_Die die, uint32_t owner);
    void sort();

    /// Owner of the innermost range with `address`; -1: none.
    int64_t owner_at(uint64_t address) const;

private:
    std::vector<Range> ranges_;
};

class UnitIndex {
public:
    explicit UnitIndex(Dwarf_Die unit);

    /// Null: none there.
    const Dwarf_Die* function_at(uint64_t address) const;
    const Dwarf_Die* variable_at(uint64_t address) const;

    /// Namespaces, classes and functions around `die`, outermost first.
    std::vector<Dwarf_Die> scopes_of(Dwarf_Die die) const;

    uint64_t entries() const { return entries_; }

private:
    struct Scope {
        Dwarf_Die die;
        Dwarf_Off begin;
        Dwarf_Off end;   ///< of its last descendant
        int64_t parent;  ///< -1: the unit
    };
    struct Variable {
        uint64_t address;
        Dwarf_Die die;
    };

    void visit(Dwarf_Die die);
    void walk(Dwarf_Die unit);

    RangeTable function_ranges_;
    std::vector<Dwarf_Die> functions_;
    std::vector<Variable> variables_;
    std::vector<Scope> scopes_;
    uint64_t entries_ = 0;
};

}  // namespace symbolize
