// SPDX-License-Identifier: Apache-2.0
//
// Patterns of the tables: a '*' stands for any text, everything else for itself.
#pragma once

#include <string_view>

namespace analyze {

/// All of `text`. Goes back to the last '*' only: O(text * pattern) at worst.
bool matches(std::string_view text, std::string_view pattern);

}  // namespace analyze
