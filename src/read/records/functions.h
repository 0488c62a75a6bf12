// SPDX-License-Identifier: Apache-2.0
//
// Names of the interposed functions, by the rows that recordings keep.
#pragma once

#include <cstdint>
#include <string>

namespace reader {

/// The libc function that a program means by this row of the table, without leading underscores and
/// "_chk": "poll" for __poll_chk. Empty for a row that this table does not have.
std::string name_of_function(uint16_t row);

}  // namespace reader
