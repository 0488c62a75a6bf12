// SPDX-License-Identifier: Apache-2.0
//
// From a variable and an offset in it to the member there: ".ledger", "[3].lock".
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>

#include "symbolize/die_names.h"

namespace symbolize {

/// What to append to the variable's name. Goes into what the program's own structs and arrays are made of, not into
/// what a lock is made of: "" for a std::mutex, though that is a struct around a pthread_mutex_t, and for a struct
/// that holds nothing but a lock. An offset that no member explains stays as "+0x10".
std::string member_path(Dwarf_Die variable, uint64_t offset, DieNames& names);

/// "+0x10"; "" for 0.
std::string offset_text(uint64_t offset);

}  // namespace symbolize
