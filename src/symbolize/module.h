// SPDX-License-Identifier: Apache-2.0
//
// One module, opened once: its addresses (ELF virtual ones) to places in the source, its objects to names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "symbolize/module_files.h"

namespace symbolize {

/// One call at an address.
struct Place {
    std::string function;  ///< empty: not known
    std::string file;      ///< empty: not known
    int line = 0;          ///< 0: not known
    bool inlined = false;  ///< into the next place
};

class Module {
public:
    Module(ModuleIdentity identity, Debuginfod* debuginfod);
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    /// False: there is no file, none that is the one that ran, or it is no ELF file.
    bool is_open() const;

    /// Innermost call first, the function that the code belongs to last; empty: nothing known.
    const std::vector<Place>& places(uint64_t address);

    /// Name of what is at `address`, which takes `size` bytes; empty: nothing known.
    std::string object(uint64_t address, uint64_t size);

private:
    struct Contents;
    std::unique_ptr<Contents> contents_;
};

}  // namespace symbolize
