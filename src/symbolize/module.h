// SPDX-License-Identifier: Apache-2.0
//
// One module, opened once: its addresses (ELF virtual ones) to places in the source, its objects to names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "symbolize/module_files.h"
#include "symbolize/name_cache.h"

namespace symbolize {

class Module {
public:
    /// `cache` null: every name is looked up in the files.
    Module(ModuleIdentity identity, Debuginfod* debuginfod, const NameCache* cache = nullptr);
    /// Keeps in the cache what was looked up.
    ~Module();
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    /// False: there is no file, none that is the one that ran, or it is no ELF file; and none is known of.
    bool is_open() const;

    /// Innermost call first, the function that the code belongs to last; empty: nothing known.
    const std::vector<Place>& places(uint64_t address);

    /// The function of another module that the call before a return address is of; empty: not known.
    std::string called_before(uint64_t return_address);

    /// Name of what is at `address`, which takes `size` bytes; empty: nothing known.
    std::string object(uint64_t address, uint64_t size);

private:
    struct Contents;
    std::unique_ptr<Contents> contents_;
};

}  // namespace symbolize
