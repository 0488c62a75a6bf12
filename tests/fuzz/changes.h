// SPDX-License-Identifier: Apache-2.0
//
// Changes of inputs at random, the same ones in every run: what the ordinary test has of a fuzzer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzz {

/// The changes from here on are those of this number.
void start_changes(uint32_t number);

/// A number below `end`, by chance; 0 for 0.
size_t by_chance(size_t end);

/// Makes one change; what `Change` of target.h is.
size_t change_by_chance(uint8_t* data, size_t size, size_t max_size);

}  // namespace fuzz
