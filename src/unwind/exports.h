// SPDX-License-Identifier: Apache-2.0
//
// Functions and variables by their names, from what an object exports: read from the symbol table that its loader
// uses, which is mapped in every process, so that no file is needed, and no debug information.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "unwind/memory.h"
#include "unwind/modules.h"

namespace unwind {

/// Where the functions of this name are, one for each of its versions; empty: none is exported.
std::vector<uint64_t> exported_functions(Memory& memory, const Module& module, std::string_view name);
/// The same for its variables.
std::vector<uint64_t> exported_objects(Memory& memory, const Module& module, std::string_view name);

}  // namespace unwind
