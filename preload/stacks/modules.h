// SPDX-License-Identifier: Apache-2.0
//
// The modules of the target, noted in the recording so that it can be symbolized after death and
// elsewhere. Lock-free; takes none of the loader's locks.
#pragma once

#include <cstdint>

namespace preload {

/// Notes the module that contains `address`, unless it is known already. Called when an address is
/// met for the first time; costs one `_dl_find_object` and a search of the module table.
void note_module_of(uintptr_t address);

/// Notes every module loaded now; only while no other thread can load one.
void note_loaded_modules();

}  // namespace preload
