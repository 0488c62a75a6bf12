// SPDX-License-Identifier: Apache-2.0
//
// The location table of a code object, Python 3.11 and later: which line an instruction is of.
// Format: Objects/locations.md of CPython (PEP 626, PEP 657).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace python {

/// `offset`: of the instruction, in bytes from the first one. Empty: no line, or no such instruction
/// in the table. The table may be anything. O(its length).
std::optional<int> line_at(std::string_view table, int first_line, uint64_t offset);

}  // namespace python
