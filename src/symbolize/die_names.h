// SPDX-License-Identifier: Apache-2.0
//
// Entries of debug information to the names that a demangler would give: what has a linkage name is demangled; the
// rest (static functions, anonymous namespaces, lambdas, once inlined) is put together from scopes and types.
#pragma once

#include <elfutils/libdw.h>

#include <string>

#include "symbolize/debug_info.h"
#include "symbolize/symbol_table.h"

namespace symbolize {

class DieNames {
public:
    DieNames(DebugInfo& info, const SymbolTable& symbols, uint64_t bias)
        : info_(info), symbols_(symbols), bias_(bias) {}

    /// Of a subprogram or an inlined call of one; empty: not known.
    std::string function(Dwarf_Die die);

    /// "ns::Class", "char const*".
    std::string type(Dwarf_Die die);

private:
    /// The symbol at the entry of a function that is there as such; of several one with `name` in it.
    const Symbol* symbol_of(Dwarf_Die die, const std::string& name) const;

    /// `name`, or what else its function is called where `name` is a library's inner one: "read" for "__libc_read".
    std::string public_name(Dwarf_Die die, const std::string& name) const;

    std::string scopes(Dwarf_Die die);
    std::string parameters(Dwarf_Die declaration);
    std::string type_of(Dwarf_Die die);
    std::string written(Dwarf_Die die);
    std::string derived(Dwarf_Die die, int tag);
    std::string nameless_class(Dwarf_Die die);

    DebugInfo& info_;
    const SymbolTable& symbols_;
    uint64_t bias_;
    int depth_ = 0;
    int steps_ = 0;
};

/// The entry that `die`'s attribute `name` refers to, abstract origins and specifications included; false: none.
bool referred(Dwarf_Die die, unsigned int name, Dwarf_Die& target);

/// Empty: it has none.
std::string name_attribute(Dwarf_Die die);

}  // namespace symbolize
