// SPDX-License-Identifier: Apache-2.0
//
// The characters of names that a target gave: which ones a terminal would obey, and what is no text at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace snapshot {

struct Character {
    uint32_t code_point = 0;
    size_t bytes = 0;  ///< 0: not UTF-8
};

/// Of a text that is not empty.
Character first_character(std::string_view text);

bool is_control(uint32_t code_point);

/// Line separators, and what changes the direction in which the rest of a line is shown.
bool rearranges(uint32_t code_point);

}  // namespace snapshot
